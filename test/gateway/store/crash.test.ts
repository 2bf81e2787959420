import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as timers from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../platform/database/open.ts';
import { createLog } from '../../../platform/log.ts';
import { aDatabaseAddress, testServer } from '../../support/database.ts';
import { aFolder } from '../../support/folder.ts';
import { NOON } from '../../support/readings.ts';
import { aWriter, journalOf, prepareToWrite } from '../../support/writer.ts';

/** An embedded database takes seconds to open. */
const KILLS = testServer === undefined ? 1 : 5;
const SAVED_BEFORE_A_KILL = 150;
const child = fileURLToPath(new URL('../../support/writer-entry.ts', import.meta.url));

/** Runs a process that saves, kills it at some moment, and answers the numbers that it had acknowledged. */
async function saveUntilKilled(url: string, folder: string, first: number): Promise<number[]> {
  const saving = spawn(process.execPath, ['--import', 'tsx', child, url, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void saving.kill('SIGKILL'));
  const acknowledged: number[] = [];
  const lines = createInterface(saving.stdout).on('line', (line) => acknowledged.push(Number(line)));
  await expect
    .poll(() => acknowledged.length, { timeout: 60_000, interval: 5 })
    .toBeGreaterThan(SAVED_BEFORE_A_KILL);
  await timers.setTimeout(Math.random() * 300);
  saving.kill('SIGKILL');
  await once(lines, 'close');
  return acknowledged;
}

test('a process killed between spool and database loses nothing it had acknowledged, and doubles nothing', async () => {
  await using folder = await aFolder();
  await using address = testServer === undefined ? null : await aDatabaseAddress(testServer);
  const url = address?.url ?? 'embedded';
  const log = createLog('test', 'silent');
  const open = () => openDatabase({ url, folder: join(folder.path, 'database'), name: 'test', log });
  {
    await using db = await open();
    await prepareToWrite(db);
  }
  const acknowledged: number[] = [];
  for (let round = 0; round < KILLS; round++)
    acknowledged.push(...(await saveUntilKilled(url, folder.path, round * 100_000)));

  await using db = await open();
  await using writer = await aWriter({ db, folder: join(folder.path, 'spool') });
  await expect.poll(() => writer.figures().spooledBatches, { timeout: 60_000, interval: 20 }).toBe(0);
  const journal = (await journalOf(db)).map(Number);
  const times = await db.query<{ n: number }>(
    `select (extract(epoch from time) * 1000)::float8 - $1::float8 as n from readings`,
    [NOON],
  );
  const readings = new Set(times.map(({ n }) => n));
  expect(new Set(journal).size).toBe(journal.length);
  expect(journal).toStrictEqual(journal.toSorted((a, b) => a - b));
  expect(acknowledged.filter((n) => !readings.has(n))).toStrictEqual([]);
  const flushed = new Set(journal);
  expect(acknowledged.filter((n) => !flushed.has(n))).toStrictEqual([]);
}, 240_000);
