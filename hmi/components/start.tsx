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
  keepShell();
}

/** Browsers have service workers over TLS and on this machine only; without one, a reload needs the daemon. */
function keepShell(): void {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('/sw.js').catch(() => undefined);
}
