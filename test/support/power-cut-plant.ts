import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { LATE_MS } from '../../gateway/cleaning/freshness.ts';
import type { Db } from '../../platform/database/db.ts';
import { aBrowser } from './access.ts';
import { aDevice, aFieldPlant } from './field.ts';

const AGAIN_MS = 100;
const LIMIT = 80;

/** The field's plant with one more tag, whose every second value raises an alarm. */
export function anAlarmedPlant(mqttPort: number) {
  const plant = aFieldPlant(mqttPort);
  const level = {
    ...{ name: 'level', area: 'Hall', source: 'field', spike: false },
    address: { topic: 't/level', value: '$.value', time: '$.time' },
    alarms: [{ kind: 'high', limit: LIMIT, priority: 2 }],
  };
  return { ...plant, tags: [...plant.tags, level] };
}

/** Times whose value was acknowledged, and raised an alarm. */
export async function raiseAlarms(port: number, password: string, signal: AbortSignal) {
  const raised: number[] = [];
  const device = await aDevice(port, password);
  // What is not acknowledged by then never will be: its promise stays open.
  const over = once(signal, 'abort').then(() => {
    device.end(true);
    throw new Error('over');
  });
  over.catch(() => undefined);
  const say = (value: number, time: number) =>
    Promise.race([over, device.publishAsync('t/level', JSON.stringify({ value, time }), { qos: 1 })]);
  // What was on its way for longer is history: stored, and never judged.
  const isInTime = (time: number) => Date.now() - time < LATE_MS;
  const run = async () => {
    for (let isClear = true; !signal.aborted;) {
      const time = Date.now();
      await say(LIMIT + 10, time);
      if (isClear && isInTime(time)) raised.push(time);
      await say(LIMIT - 10, time + 1);
      isClear = isInTime(time);
      await timers.setTimeout(2, undefined, { signal });
    }
  };
  return { raised, ended: run().catch(() => undefined) };
}

/** Makes the administrator, or signs him in; then issues tokens, one after the other: each is on record in the audit trail. */
export function act(
  url: string,
  dataFolder: string,
  user: { readonly name: string; readonly password: string },
  signal: AbortSignal,
) {
  const acts: string[] = [];
  const browser = aBrowser(url);
  const call = (path: string, body: object) =>
    browser.call('POST', `/api/v1/${path}`, body).then(
      ({ status }) => status,
      () => 0,
    );
  const signIn = async () => {
    const code = await readFile(join(dataFolder, 'setup-code'), 'utf8').catch(() => undefined);
    await (code === undefined ? call('session', user) : call('setup', { code: code.trim(), ...user }));
  };
  const run = async () => {
    for (let n = 0; !signal.aborted; n++) {
      const name = `act ${n}`;
      const status = await call('tokens', { name, role: 'viewer' });
      if (status === 201) acts.push(name);
      if (status === 401) await signIn();
      if (status !== 201) await timers.setTimeout(AGAIN_MS, undefined, { signal });
    }
  };
  return { acts, ended: run().catch(() => undefined) };
}

/** What of the acknowledged alarms and acts a database lacks. */
export async function missingRecords(db: Db, raised: readonly number[], acts: readonly string[]) {
  const alarms = await db.query<{ at: number }>(
    `select distinct (extract(epoch from at) * 1000)::float8 as at from alarm_journal where event like 'raised%'`,
  );
  const records = await db.query<{ subject: string }>(
    `select distinct subject from audit where action = 'issue a token'`,
  );
  const [times, subjects] = [
    new Set(alarms.map(({ at }) => at)),
    new Set(records.map(({ subject }) => subject)),
  ];
  return {
    alarms: raised.filter((at) => !times.has(at)),
    acts: acts.filter((name) => !subjects.has(name)),
  };
}
