import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as timers from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import type { AlarmView } from '../../gateway/api/alarms.ts';
import type { TagView } from '../../gateway/api/plant.ts';
import type { LastReading } from '../../gateway/api/readings.ts';
import { apiOf } from './api.ts';
import type { Api } from './api.ts';
import { DESKTOP, openBrowser, openPage } from './browser.ts';
import { FROM_SOURCE, startPenstock } from './daemon.ts';
import type { Daemon } from './daemon.ts';
import { aFolder } from './folder.ts';

/** The demo's ports are fixed: no two run on one machine. */
export const GATEWAY = 'http://127.0.0.1:8080';
export const CENTRAL = 'http://127.0.0.1:8090';

const gatewayPages =
  'alarms alarms/history tags tags/XMEAS_07 tags/SP_07 tags/XMEAS_07/settings sources sources/new sources/reactor-plc sources/reactor-plc/settings ' +
  'sources/reactor-plc/browse sources/separator-plc/browse certificates models trainings jobs jobs/forecast storage backups system users';
const centralPages = 'sites/first trainings trainings/first jobs jobs/roll-ups health-checks users';
/** Every page: whose, its path, the daemon's address. `tags/NAME` and `…/first` stand for numbers not known before. */
export const PAGES = [
  ...['', ...gatewayPages.split(' ')].map((path) => ['gateway', path, GATEWAY] as const),
  ...['', ...centralPages.split(' ')].map((path) => ['central', path, CENTRAL] as const),
];

export interface Demo extends AsyncDisposable {
  readonly folder: string;
  readonly daemon: Daemon;
  readonly context: BrowserContext;
  /** As who is signed in in the context. */
  readonly site: Api;
  readonly fleet: Api;
  /** A page whose console must stay clean. */
  aPage(): Promise<Page>;
}

/** Starts the demo in an empty folder, and a browser. */
export async function openDemo(): Promise<Demo> {
  const folder = await aFolder();
  const browser = await openBrowser();
  const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB', colorScheme: 'light' });
  const daemon = startPenstock(['demo', '--data', folder.path], GATEWAY, FROM_SOURCE);
  return {
    ...{ folder: folder.path, daemon, context },
    ...{ site: apiOf(context, GATEWAY), fleet: apiOf(context, CENTRAL) },
    async aPage() {
      const { page, complaints } = await openPage(context);
      onTestFinished(async () => {
        await page.close();
        expect(complaints).toEqual([]);
      });
      return page;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await daemon.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export async function tagOf(site: Api, name: string): Promise<TagView> {
  const all = await site.list<TagView>('tags?limit=1000');
  const tag = all.find((candidate) => candidate.name === name);
  if (tag === undefined) throw new Error(`The demo has no tag ${name}.`);
  return tag;
}

/** The demo's processes by the name of their command. */
export async function partsOf(demo: Daemon): Promise<Map<string, number>> {
  const { pid = 0 } = demo.process;
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
  const parts = new Map<string, number>();
  for (const child of children) {
    const [, , command = ''] = (await readFile(`/proc/${child}/cmdline`, 'utf8')).split('\0');
    parts.set(command, Number(child));
  }
  return parts;
}

/** Settles with the time when a process has ended. */
export async function endOf(pid: number): Promise<number> {
  while (existsSync(`/proc/${pid}`)) await timers.setTimeout(20);
  return performance.now();
}

/** Alarms raised since `at` on tags whose value, as it was known, was not beyond the limit. */
export async function lies(site: Api, at: number, known: readonly LastReading[]): Promise<AlarmView[]> {
  const raised = (await site.list<AlarmView>('alarms?state=all')).filter(
    ({ raisedAt }) => Date.parse(raisedAt) >= at,
  );
  return raised.filter(({ tag, kind, limit }) => {
    const value = Number(known.find((reading) => reading.tag === tag)?.value);
    return limit !== null && (kind === 'high' ? value <= limit : value >= limit);
  });
}

/** How the tiles of the overview look now: each look that any of them has. */
export async function looksOf(page: Page): Promise<string[]> {
  const all = ['good', 'uncertain', 'bad', 'stale', 'missing'];
  const counts = await Promise.all(all.map((look) => page.locator(`.tile[data-look=${look}]`).count()));
  return all.filter((_, i) => counts[i] !== 0);
}
