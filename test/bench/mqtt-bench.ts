import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as timers from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { schemas } from '../../collectors/protocols.ts';
import { createHosts } from '../../gateway/runtime/hosts.ts';
import { startSource } from '../../gateway/runtime/source.ts';
import type { Ears } from '../../gateway/runtime/source.ts';
import type { Writer } from '../../gateway/store/writer.ts';
import type { TagId } from '../../history/reading.ts';
import type { Database } from '../../platform/database/db.ts';
import { createLog } from '../../platform/log.ts';
import { freePort } from '../support/foreign.ts';
import { aTag } from '../support/readings.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { walkTo, withStore } from './pipeline.ts';

const entry = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));
const USER = { name: 'field', password: 'field-password' };
const DEVICES = 10;
const WARM_UP_MS = 1_500;
const LOOK_MS = 20;
/** Of bare and ours, by turns. */
const ROUNDS = 3;

type Qos = 0 | 1;

/** A process of ours, ended with the scope. */
function program(name: string, ...words: readonly string[]): AsyncDisposable {
  const child = spawn(process.execPath, ['--import', 'tsx', entry(name), ...words], { stdio: 'ignore' });
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** How much more a second, once it flows. */
async function rate(count: () => number, ms: number): Promise<number> {
  const before = count();
  while (count() === before) await timers.setTimeout(LOOK_MS);
  await timers.setTimeout(WARM_UP_MS);
  const [first, begun] = [count(), performance.now()];
  await timers.setTimeout(ms);
  return Math.round(((count() - first) / (performance.now() - begun)) * 1000);
}

const load = (port: number, qos: Qos) =>
  program('mqtt-load-entry.ts', String(port), USER.name, USER.password, String(qos), String(DEVICES));

/** The limit: the library alone, and one subscriber that counts. */
async function bare(qos: Qos, ms: number): Promise<number> {
  const port = await freePort();
  await using _broker = program('bare-broker-entry.ts', String(port));
  const subscriber = await patiently(() =>
    connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 }, false),
  );
  let received = 0;
  subscriber.on('message', () => received++).on('error', () => undefined);
  await subscriber.subscribeAsync('device/#', { qos });
  try {
    await using _devices = load(port, qos);
    return await rate(() => received, ms);
  } finally {
    await subscriber.endAsync(true);
  }
}

async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await timers.setTimeout(LOOK_MS);
    }
  }
}

/** Broker, thread, cleaning, alarms and commit, as in the gateway. */
async function ours(writer: Writer, qos: Qos, ms: number): Promise<{ perSecond: number; lost: number }> {
  const tags = new Map(
    Array.from({ length: DEVICES }, (_, i) => {
      const tag = aTag({ id: (i + 1 + 1000 * qos) as TagId, source: 0, range: [-1e6, 1e6] });
      return [tag.id, tag];
    }),
  );
  const walk = walkTo(writer, tags);
  const points = [...tags.keys()].map((tag, i) => ({
    ...{ tag, name: `tag-${i}`, kind: 'number' as const },
    address: schemas.mqtt.address.parse({ topic: `device/${i}`, value: '$.v', time: '$.at' }),
  }));
  const port = await freePort();
  const config = schemas.mqtt.config.parse({ broker: { port, users: [USER] } });
  const stop = new AbortController();
  let lost = 0;
  const ears: Ears = {
    emit: walk.emit(0),
    late: walk.backfill(0),
    observe(event) {
      if (event.type === 'missing') lost += event.loss.count ?? 0;
    },
  };
  const source = { id: 0, name: 'mqtt', protocol: 'mqtt' as const, plan: { config, points, pkiFolder: '' } };
  const log = createLog('bench', 'error');
  await using hosts = createHosts(log);
  const running = startSource(source, ears, { hosts, log }, stop.signal);
  try {
    await patiently(async () => {
      const at = `mqtt://127.0.0.1:${port}`;
      const probe = await connectAsync(at, { username: USER.name, password: USER.password }, false);
      await probe.endAsync(true);
    });
    await using _devices = load(port, qos);
    return { perSecond: await rate(() => writer.figures().stored, ms), lost };
  } finally {
    stop.abort();
    await running.done;
  }
}

interface Found {
  readonly ours: number;
  readonly bare: number;
  readonly ratio: number;
  readonly lost: number;
}

/** The best of some rounds, each by turns: what else the machine does hits one as the other. */
async function inTurn(
  limit: () => Promise<number>,
  own: () => Promise<{ perSecond: number; lost: number }>,
): Promise<Found> {
  let [best, highest, lost] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    highest = Math.max(highest, await limit());
    const found = await own();
    best = Math.max(best, found.perSecond);
    lost += found.lost;
  }
  return { ours: best, bare: highest, ratio: Number((best / highest).toFixed(3)), lost };
}

async function measure(db: Database, writer: Writer, { seconds, say }: BenchOptions): Promise<BenchResult> {
  const ms = (seconds * 1000) / (4 * ROUNDS);
  const found: Record<string, Found> = {};
  for (const qos of [1, 0] as const) {
    const result = await inTurn(
      () => bare(qos, ms),
      () => ours(writer, qos, ms),
    );
    found[`qos${qos}`] = result;
    const { ours: own, bare: limit, ratio, lost } = result;
    say(`QoS ${qos}: ${own}/s to commit, bare aedes ${limit}/s, ratio ${ratio}, lost ${lost}`);
  }
  const one = found['qos1'] ?? { ours: 0, bare: 0, ratio: 0 };
  const { engine, server, timescaledb } = db.edition ?? {};
  return {
    ...{ name: 'mqtt', unit: 'messages/s to commit at QoS 1', value: one.ours, ratio: one.ratio },
    reference: { name: 'bare aedes with one subscriber, QoS 1', value: one.bare },
    conditions: {
      engine,
      server,
      timescaledb,
      devices: DEVICES,
      inFlightEach: 200,
      bytes: 100,
      rounds: ROUNDS,
      ...found,
    },
  };
}

export const mqttBench: Bench = {
  name: 'mqtt',
  summary:
    'messages of 100 bytes through our broker and the pipeline to commit, against bare aedes and one subscriber',
  run: (options) => withStore(options.database, (db, writer) => measure(db, writer, options)),
};
