import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openHeld } from '../../../gateway/store/held.ts';
import type { Reading, TagId } from '../../../history/reading.ts';
import { aFolder } from '../../support/folder.ts';
import { NOON, aReading } from '../../support/readings.ts';
import { silent } from '../../support/web.ts';

/** A run of the gateway: what it finds is what the last one left behind. */
async function aRun(folder: string, maxBytes?: number) {
  const found: Reading[] = [];
  const save = (readings: readonly Reading[]) => Promise.resolve(void found.push(...readings));
  const limit = maxBytes === undefined ? {} : { maxBytes };
  const held = await openHeld({ folder, save, log: silent, ...limit });
  onTestFinished(() => held[Symbol.asyncDispose]());
  return { found, held };
}

test('the newest held reading of each tag is stored by the next start, after a kill -9 too', async () => {
  await using folder = await aFolder();
  const { held } = await aRun(folder.path);
  const other = aReading({ tag: 8 as TagId });
  await held.keep([aReading(), other]);
  await held.keep([aReading({ at: NOON + 1000 })]);
  // Never closed: as if the process had been killed here.
  const next = await aRun(folder.path);
  expect(next.found).toEqual([aReading({ at: NOON + 1000 }), other]);
});

test('what was found stays until it is safe, though the next start is killed as well', async () => {
  await using folder = await aFolder();
  const { held } = await aRun(folder.path);
  await held.keep([aReading()]);
  await using stuck = await openHeld({
    folder: folder.path,
    save: () => new Promise<void>(() => undefined),
    log: silent,
  });
  const kept = stuck.keep([aReading({ at: NOON + 5000 })]);
  expect((await aRun(folder.path)).found).toEqual([aReading()]);
  expect(await Promise.race([kept, Promise.resolve('waits')])).toBe('waits');
});

test('a torn end costs nothing that was settled', async () => {
  await using folder = await aFolder();
  const { held } = await aRun(folder.path);
  await held.keep([aReading()]);
  const path = join(folder.path, 'held.log');
  const record = await readFile(path);
  await appendFile(path, record.subarray(0, record.length - 3));
  expect((await aRun(folder.path)).found).toEqual([aReading()]);
});

test('the file does not grow without end, and loses nothing when it is written anew', async () => {
  await using folder = await aFolder();
  const { held } = await aRun(folder.path, 500);
  await held.keep([aReading({ tag: 8 as TagId })]);
  for (let second = 0; second < 100; second++) await held.keep([aReading({ at: NOON + second * 1000 })]);
  expect((await stat(join(folder.path, 'held.log'))).size).toBeLessThan(1000);
  const { found } = await aRun(folder.path);
  await vi.waitFor(() => expect(found).toHaveLength(2));
  expect(found.map(({ at }) => at)).toEqual([NOON, NOON + 99_000]);
});
