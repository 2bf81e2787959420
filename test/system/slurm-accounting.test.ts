import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { historyMigrations } from '../../history/store/migrations.ts';
import type { Database } from '../../platform/database/db.ts';
import { migrate } from '../../platform/database/migrate.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { runDispatch } from '../../sync/central/dispatch.ts';
import { slurmExecutor } from '../../sync/central/slurm/executor.ts';
import { readTemplate } from '../../sync/central/slurm/template.ts';
import { centralMigrations } from '../../sync/central/store/migrations.ts';
import { aDatabaseAddress, requiredServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { aRelay } from '../support/relay.ts';
import { around } from '../support/slurm-centre.ts';
import { aTestCluster, opened } from '../support/slurm.ts';
import type { TestCluster } from '../support/slurm.ts';
import {
  aDispatcher,
  anOrderingSite,
  followOnce,
  send,
  statesOf,
  summary,
  untilEnded,
} from '../support/training.ts';

const ENTRY = fileURLToPath(new URL('../support/dispatch-entry.ts', import.meta.url));

let address: Awaited<ReturnType<typeof aDatabaseAddress>>;
let db: Database;
let slurm: TestCluster;
let folder: Awaited<ReturnType<typeof aFolder>>;
let order: () => Promise<string>;
beforeAll(async () => {
  slurm = await aTestCluster('dbd');
  address = await aDatabaseAddress(requiredServer());
  folder = await aFolder();
  const log = createLog('test', 'silent');
  db = await openDatabase({ url: address.url, folder: folder.path, name: 'test', log });
  await migrate(db, [historyMigrations, centralMigrations], log);
  ({ order } = await anOrderingSite(db));
  writeFileSync(join(folder.path, 'key'), slurm.key, { mode: 0o600 });
});
afterAll(async () => {
  await slurm[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
  await address[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** A dispatcher as a process of its own, until it ends. */
const dispatcherThatEndsAt = (point: string) => {
  const words = [address.url, folder.path, JSON.stringify(slurm.settings), join(folder.path, 'key')];
  const child = spawn(process.execPath, ['--import', 'tsx', ENTRY, ...words], {
    stdio: 'ignore',
    env: { ...process.env, PENSTOCK_TEST_CRASH_AT: point },
  });
  return once(child, 'exit').then(([, signal]) => signal as string | null);
};
const executor = (before = '') =>
  slurmExecutor({
    ...{ cluster: opened(slurm), folder: folder.path },
    template: readTemplate(around(before)),
  });

test('ten dispatchers that are killed between sbatch and commit have started ten jobs', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 10; n += 1) {
    ids.push(await order());
    expect(await dispatcherThatEndsAt('training.sent')).toBe('SIGKILL');
  }
  const unknown = await db.query(`select from training_attempts where state = 'submitting'`);
  expect(unknown.length).toBeGreaterThan(0);
  await untilEnded(db, executor(), ids, 120_000);
  for (const id of ids) {
    const runs = slurm.ended().filter((name) => name.startsWith(id));
    const { state, attempts } = await summary(db, id);
    expect({ state, attempts, runs }).toEqual({ state: 'succeeded', attempts: 1, runs: [`${id}-a1`] });
  }
});

test('accounts tell of a job that the controller has forgotten and that has left nothing', async () => {
  const id = await order();
  const on = executor('sleep 60');
  await send(db, on);
  await vi.waitFor(
    async () => {
      await followOnce(db, on);
      expect((await summary(db, id)).attempt_state).toBe('running');
    },
    { timeout: 30_000, interval: 200 },
  );
  const name = `${id}-a1`;
  slurm.slurm('scancel', '-n', name);
  await vi.waitFor(() => expect(slurm.slurm('squeue', '-h', '-t', 'all', '-n', name)).toBe(''), {
    ...{ timeout: 90_000, interval: 500 },
  });
  // While nobody answers for the accounts, nothing is concluded from the others' silence.
  const before = await statesOf(db, id);
  await slurm.fault('slurmdbd', 'on');
  for (let polls = 0; polls < 4; polls += 1) await followOnce(db, on);
  expect(await statesOf(db, id)).toEqual(before);
  await slurm.fault('slurmdbd', 'off');
  await untilEnded(db, on, [id]);
  expect(await summary(db, id)).toMatchObject({ failure: 'cancelled', attempts: 1 });
  const [row] = await db.query(
    `select source from training_changes where attempt = $1 and to_state = 'cancelled'`,
    [name],
  );
  expect(row).toEqual({ source: 'sacct' });
});

test('a database that is away while a job ends has all of it afterwards', async () => {
  const { hostname, port, pathname } = new URL(address.url);
  await using relay = await aRelay(hostname, Number(port));
  const log = createLog('test', 'silent');
  const url = `postgres://postgres@127.0.0.1:${relay.port}${pathname}`;
  await using far = await openDatabase({ url, folder: folder.path, name: 'test', log });
  await far.ready(AbortSignal.timeout(10_000));
  const stop = new AbortController();
  const on = executor('sleep 3');
  const running = runDispatch({ ...aDispatcher(far, [on]), db: far }, [on], stop.signal);
  const id = await order();
  await vi.waitFor(async () => expect((await summary(db, id)).attempt_state).toBe('running'), {
    ...{ timeout: 30_000, interval: 50 },
  });
  await relay.cut();
  await vi.waitFor(() => expect(slurm.ended()).toContain(`${id}-a1`), { timeout: 60_000, interval: 200 });
  expect((await summary(db, id)).attempt_state).toBe('running');
  await relay.restore();
  await vi.waitFor(async () => expect((await summary(db, id)).state).toBe('succeeded'), {
    ...{ timeout: 60_000, interval: 200 },
  });
  stop.abort();
  await running;
  expect((await summary(db, id)).attempts).toBe(1);
});
