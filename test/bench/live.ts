import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import type { BrowserContext, Page } from 'playwright-core';
import { WebSocketServer } from 'ws';
import { DESKTOP, openBrowser, setUp } from '../support/browser.ts';
import { aDatabaseAddress } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { setUpCodeIn, startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import { aDevice } from '../support/field.ts';
import { freePort } from '../support/foreign.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';

const PASSWORD = 'field-password';
/** So many tags, all on screen, of which each changes so often a second. */
const TAGS = 200;
const CHANGES_HZ = 5;
const TAGS_IN_MESSAGE = 10;
/** Longer than the window in which the gateway merges what goes to a screen: each probe finds it open. */
const PROBE_MS = 300;
const PROBE_JITTER_MS = 100;
const LOST_MS = 5_000;

/** Milliseconds since the epoch, as finely as the browser tells them. */
const now = () => performance.timeOrigin + performance.now();

/** Runs in a page: notes for each number that appears in the first element of a selector when that was. */
const watch = (selector: string) => `{
  const seen = (window.seen = new Map());
  const element = document.querySelector(${JSON.stringify(selector)});
  new MutationObserver(() => {
    seen.set(Number(element.textContent.replace(/[^0-9]/g, '')), performance.timeOrigin + performance.now());
  }).observe(element, { subtree: true, childList: true, characterData: true });
}`;

interface Latencies {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly samples: number;
  readonly lost: number;
}

/** Sends numbers, one at a time and none twice, and compares when each was sent with when it was in the DOM. */
async function probe(page: Page, ms: number, first: number, send: (n: number) => void): Promise<Latencies> {
  const sent = new Map<number, number>();
  const until = performance.now() + ms;
  for (let n = first; performance.now() < until; n++) {
    sent.set(n, now());
    send(n);
    await timers.setTimeout(PROBE_MS + Math.random() * PROBE_JITTER_MS);
  }
  await timers.setTimeout(Math.min(LOST_MS, ms));
  const seen = new Map(await page.evaluate<[number, number][]>('[...window.seen]'));
  const delays = [...sent].flatMap(([n, at]) => {
    const shown = seen.get(n);
    return shown === undefined ? [] : [shown - at];
  });
  const sorted = delays.sort((a, b) => a - b);
  const at = (share: number) => Number((sorted[Math.ceil(share * sorted.length) - 1] ?? NaN).toFixed(1));
  const lost = sent.size - sorted.length;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), samples: sorted.length, lost };
}

/** The physical limit: a message straight from a bare WebSocket into the DOM of the same browser. */
async function measureBare(context: BrowserContext, ms: number): Promise<Latencies> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const page = await context.newPage();
  try {
    await page.setContent('<output>0</output>');
    await page.evaluate(watch('output'));
    await page.evaluate(`{
      const output = document.querySelector('output');
      new WebSocket('ws://127.0.0.1:${port}').onmessage = ({ data }) => (output.textContent = data);
    }`);
    while (server.clients.size === 0) await timers.setTimeout(20);
    return await probe(page, ms, 1, (n) => server.clients.forEach((socket) => socket.send(String(n))));
  } finally {
    await page.close();
    server.close();
  }
}

const aWall = (port: number) => ({
  site: { name: 'Bench' },
  areas: [{ name: 'Hall' }],
  sources: [
    {
      name: 'field',
      protocol: 'mqtt',
      config: { broker: { port, users: [{ name: 'field', password: { secret: 'field' } }] } },
    },
  ],
  tags: [
    { ...tag('probe'), address: { topic: 'probe' } },
    ...Array.from({ length: TAGS }, (_, i) => ({
      ...tag(`tag-${i}`),
      address: { topic: `load/${Math.floor(i / TAGS_IN_MESSAGE)}`, value: `$.v${i % TAGS_IN_MESSAGE}` },
    })),
  ],
});
const tag = (name: string) => ({ name, area: 'Hall', source: 'field', decimals: 0, spike: false });

/** Publishes changes of all tags but the probe, evenly over each second, until aborted. */
async function publishLoad(device: MqttClient, signal: AbortSignal): Promise<void> {
  const messages = TAGS / TAGS_IN_MESSAGE;
  const begun = performance.now();
  for (let sent = 0; !signal.aborted;) {
    const due = ((performance.now() - begun) / 1000) * CHANGES_HZ * messages;
    for (; sent < due; sent++) {
      const values = Array.from({ length: TAGS_IN_MESSAGE }, (_, i) => [`v${i}`, (sent * 7 + i) % 1000]);
      device.publish(`load/${sent % messages}`, JSON.stringify(Object.fromEntries(values)));
    }
    await timers.setTimeout(10);
  }
}

/** A gateway with the wall of tags, and a page on which all of them are. */
async function measureGateway(url: string, folder: string, options: { ms: number; context: BrowserContext }) {
  const [port, mqttPort] = [await freePort(), await freePort()];
  const secrets = { field: PASSWORD };
  const config = await writeSite(folder, { port, database: url, plant: aWall(mqttPort), secrets });
  await using gateway = startDaemon('gateway', config, port);
  await untilUp(gateway);
  const device = await aDevice(mqttPort, PASSWORD);
  const load = new AbortController();
  try {
    const page = await options.context.newPage();
    await setUp(page, gateway.url, await setUpCodeIn(join(folder, 'data')));
    const send = (n: number) => device.publish('probe', String(n));
    send(1);
    await page.locator('.tile[data-look=good] output').first().waitFor();
    await page.evaluate(watch('.tile output'));
    const quiet = await probe(page, options.ms, 1_000, send);
    const loading = publishLoad(device, load.signal);
    await timers.setTimeout(2_000);
    const busy = await probe(page, options.ms, 100_000, send);
    load.abort();
    await loading;
    return { quiet, busy };
  } finally {
    load.abort();
    device.end(true);
    await gateway.stop();
  }
}

async function run({ database, seconds, say }: BenchOptions): Promise<BenchResult> {
  const ms = seconds * 1000;
  await using folder = await aFolder();
  await using address = database === 'embedded' ? undefined : await aDatabaseAddress(database);
  const browser = await openBrowser();
  try {
    const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB' });
    say('A bare WebSocket into the DOM ...');
    const bare = await measureBare(context, ms);
    say('MQTT through the gateway into the DOM, quiet and busy ...');
    const { quiet, busy } = await measureGateway(address?.url ?? 'embedded', folder.path, { ms, context });
    return {
      ...{ name: 'live', unit: 'ms (p50, quiet)', value: quiet.p50 },
      reference: { name: 'a bare WebSocket message into the DOM of the same browser (p50)', value: bare.p50 },
      ratio: Number((quiet.p50 / bare.p50).toFixed(2)),
      conditions: {
        ...{ bare, quiet, busy, tagsOnScreen: TAGS + 1, changesPerSecondWhenBusy: TAGS * CHANGES_HZ },
        ...{ database: database === 'embedded' ? 'embedded' : 'native', browser: browser.version() },
      },
    };
  } finally {
    await browser.close();
  }
}

export const liveBench: Bench = {
  name: 'live',
  summary: 'MQTT publish to DOM in a real browser, quiet and at 1,000 tag changes a second on the page',
  run,
};
