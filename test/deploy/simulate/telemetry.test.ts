import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replay } from '../../../deploy/simulate/process.ts';
import { readRecords } from '../../../deploy/simulate/records.ts';
import { rowAt } from '../../../deploy/simulate/schedule.ts';
import { seconds } from '../../../deploy/simulate/seconds.ts';
import { telemetry } from '../../../deploy/simulate/telemetry.ts';
import { servedBy, variables } from '../../../deploy/simulate/variables.ts';
import { FIELD, broker, timesOf } from '../../support/simulate.ts';
import type { Broker, Received } from '../../support/simulate.ts';

const TOPIC = 'plant/te/analysis/XMEAS_23';
const records = await readRecords();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-telemetry-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The field device, measuring each second until it is disposed of. */
function device(url: string, over: { backlogHours?: number; password?: string } = {}) {
  const stop = new AbortController();
  const said: string[] = [];
  const options = {
    broker: { url, user: FIELD.user, password: over.password ?? FIELD.password },
    backlogHours: over.backlogHours ?? 0,
    backlogStepS: 10,
    folder,
  };
  const field = telemetry(replay(records), options, (line) => said.push(line));
  const measuring = (async () => {
    for await (const at of seconds(stop.signal)) field.measure(at);
  })();
  const running = field.run(stop.signal);
  return {
    said,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([running, measuring]);
    },
  };
}

const liveTimes = (received: readonly Received[]) =>
  timesOf(
    received.filter(({ topic }) => topic === TOPIC),
    TOPIC,
  );
const historyTimes = (received: readonly Received[]) =>
  timesOf(
    received.filter(({ topic }) => topic === `${TOPIC}/history`),
    TOPIC,
  );
const live = (mqtt: Broker, count: number) =>
  expect.poll(() => liveTimes(mqtt.received).length, { timeout: 15_000 }).toBeGreaterThanOrEqual(count);
const handedOver = (said: readonly string[]) =>
  expect
    .poll(() => said.some((line) => /handed over \d+ records/.test(line)), { timeout: 15_000 })
    .toBe(true);

test('on first connection the history of the last hours is handed over, a record every ten seconds', async () => {
  await using mqtt = await broker();
  const started = Date.now();
  {
    await using field = device(mqtt.url, { backlogHours: 1 });
    await handedOver(field.said);
  }
  const times = historyTimes(mqtt.received).filter((at) => at % 10_000 === 0 && at <= started);
  expect(times).toEqual(Array.from({ length: times.length }, (_, i) => times[0]! + i * 10_000));
  expect(times[0]! - (started - 3_600_000)).toBeLessThanOrEqual(10_000);
  expect(times.length).toBeGreaterThanOrEqual(359);
});

test('every record of the history is the record that the process had then, for each of the 19 analysers', async () => {
  await using mqtt = await broker();
  {
    await using field = device(mqtt.url, { backlogHours: 0.2 });
    await handedOver(field.said);
  }
  const wrong = mqtt.received.filter(({ topic, payload }) => {
    const [, , , name, suffix] = topic.split('/');
    const column = variables.findIndex((variable) => variable.name === name);
    const batch = suffix === undefined ? [] : (JSON.parse(payload) as { time: string; value: number }[]);
    return column >= 0 && batch.some(({ time, value }) => rowAt(records, Date.parse(time))[column] !== value);
  });
  expect(wrong).toEqual([]);
  const topics = new Set(
    mqtt.received.map(({ topic }) => topic).filter((topic) => topic.endsWith('/history')),
  );
  const names = servedBy('mqtt').flatMap(({ name }) => (name.startsWith('XMEAS') ? name : []));
  expect(topics).toEqual(new Set(names.map((name) => `plant/te/analysis/${name}/history`)));
});

test('after a restart only what was missed is handed over', async () => {
  await using mqtt = await broker();
  {
    await using field = device(mqtt.url, { backlogHours: 0.1 });
    await handedOver(field.said);
    await live(mqtt, 2);
  }
  const before = mqtt.received.length;
  const until = Math.max(...timesOf(mqtt.received, TOPIC));
  await using field = device(mqtt.url, { backlogHours: 0.1 });
  await live(mqtt, liveTimes(mqtt.received).length + 2);
  const again = timesOf(mqtt.received.slice(before), TOPIC);
  expect(Math.min(...again)).toBeGreaterThan(until);
  expect(field.said.at(-1)).toMatch(/connected/);
});

test('while the broker is away measurements are kept, and afterwards none is missing', async () => {
  const first = await broker();
  await using field = device(first.url);
  await live(first, 2);
  await first[Symbol.asyncDispose]();
  const early = timesOf(first.received, TOPIC);
  await expect
    .poll(() => Date.now() - early.at(-1)!, { timeout: 10_000, interval: 100 })
    .toBeGreaterThan(4000);

  await using second = await broker(first.port);
  await live(second, 2);
  const late = timesOf(second.received, TOPIC);
  const times = [...new Set([...early, ...late])].sort((a, b) => a - b);
  expect(times).toEqual(Array.from({ length: times.length }, (_, i) => times[0]! + i * 1000));
  expect(historyTimes(second.received).length).toBeGreaterThanOrEqual(3);
  expect(field.said.filter((line) => line.includes('no connection')).length).toBeLessThanOrEqual(2); // lost, refused
});

test('a wrong password is said once and does not end the device', async () => {
  await using mqtt = await broker();
  await using field = device(mqtt.url, { password: 'wrong' });
  await expect.poll(() => field.said, { timeout: 10_000 }).toHaveLength(1);
  expect(field.said[0]).toMatch(/Bad username or password|Not authorized/i);
  expect(mqtt.received).toEqual([]);
});
