import { stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { guardDisk, isDiskFull } from '../../platform/disk.ts';
import type { DiskOptions } from '../../platform/disk.ts';
import { createLog } from '../../platform/log.ts';
import { aFolder } from '../support/folder.ts';
import { hold } from '../support/hold.ts';

const MB = 1024 ** 2;
const soon = { timeout: 15_000, interval: 10 };

/** A disk of 10 GB whose room is set; the ballast is real. */
async function aDisk(freeBytes: number, over: Partial<DiskOptions> = {}) {
  const folder = hold(await aFolder());
  const said: string[] = [];
  const log = createLog('test', 'info', { write: (line) => said.push(line) });
  const room = { freeBytes };
  const look = () => Promise.resolve({ freeBytes: room.freeBytes, totalBytes: 10_240 * MB });
  const ballastBytes = 2 * MB;
  const guard = hold(
    await guardDisk({ folder: folder.path, log, look, ballastBytes, lookMs: 5, calmMs: 0, ...over }),
  );
  const ballast = () =>
    stat(join(folder.path, 'ballast')).then(
      ({ size }) => size,
      () => 0,
    );
  return { guard, room, ballast, said, folder: folder.path };
}

test('where there is room a ballast is made, and takes room that cannot be compressed away', async () => {
  const { guard, ballast } = await aDisk(5_000 * MB);
  expect(await ballast()).toBe(2 * MB);
  expect(guard.view()).toMatchObject({ state: 'roomy', ballastBytes: 2 * MB });
});

test('a disk that is nearly full gets the ballast, says so once, and gets it back when there is room again', async () => {
  const { guard, room, ballast, said } = await aDisk(5_000 * MB);
  room.freeBytes = MB / 2;
  await expect.poll(ballast, soon).toBe(0);
  await expect.poll(() => guard.view()?.state, soon).toBe('full');
  room.freeBytes = 5_000 * MB;
  await expect.poll(ballast, soon).toBe(2 * MB);
  await expect.poll(() => guard.view()?.state, soon).toBe('roomy');
  const words = said.join();
  expect(words.match(/the ballast was given up/g)).toHaveLength(1);
  expect(words.match(/room on the disk again/g)).toHaveLength(1);
});

test('who meets a full disk frees the ballast at once, though the disk does not say so', async () => {
  const { guard, ballast } = await aDisk(5_000 * MB, { lookMs: 60_000, calmMs: 60_000 });
  guard.foundFull();
  await expect.poll(ballast, soon).toBe(0);
  await expect.poll(() => guard.view(), soon).toMatchObject({ state: 'full', ballastBytes: 0 });
});

test('on a disk without room for it no ballast is made, and it says that room is scarce', async () => {
  const { guard, ballast } = await aDisk(300 * MB);
  expect(await ballast()).toBe(0);
  expect(guard.view()).toMatchObject({ state: 'low', ballastBytes: 0 });
});

test('a ballast that a crash left half made is made whole', async () => {
  const folder = hold(await aFolder());
  const path = join(folder.path, 'ballast');
  await writeFile(path, '');
  await truncate(path, 1000);
  const look = () => Promise.resolve({ freeBytes: 5_000 * MB, totalBytes: 10_240 * MB });
  hold(await guardDisk({ folder: folder.path, log: createLog('test', 'silent'), look, ballastBytes: MB }));
  expect((await stat(path)).size).toBe(MB);
});

test('a full disk is known by the code of a file or of a database, however deep it lies', () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  expect(isDiskFull(new Error('Could not write.', { cause: full }))).toBe(true);
  expect(isDiskFull(Object.assign(new Error('could not extend file'), { code: '53100' }))).toBe(true);
  expect(isDiskFull(Object.assign(new Error('duplicate key'), { code: '23505' }))).toBe(false);
});
