import { render, type VNode } from 'preact';
import { speakAsPreferred } from '../locale.ts';
import { watchSession } from '../session.ts';
import { wearAsChosen } from '../theme.ts';
import { App } from './App.tsx';

/** Puts the pages of one daemon on the screen. */
export async function start(pages: VNode): Promise<void> {
  wearAsChosen();
  watchSession();
  const root = document.getElementById('app');
  if (root === null) throw new Error('index.html has no element with the id "app".');
  await speakAsPreferred();
  render(<App pages={pages} />, root);
}
