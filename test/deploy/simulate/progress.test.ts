import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProgress } from '../../../deploy/simulate/progress.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-progress-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a new plant begins at the earliest time that is wanted', async () => {
  expect((await openProgress(folder, 5000)).until).toBe(5000);
});

test('the next run goes on where the last one was saved', async () => {
  const first = await openProgress(folder, 0);
  await first.advance(25_000);
  expect((await openProgress(folder, 0)).until).toBe(25_000);
});

test('less than ten seconds of progress are written only by a save', async () => {
  const first = await openProgress(folder, 100_000);
  await first.save();
  await first.advance(101_000);
  expect((await openProgress(folder, 0)).until).toBe(100_000);
  await first.save();
  expect((await openProgress(folder, 0)).until).toBe(101_000);
});

test('progress never goes back', async () => {
  const progress = await openProgress(folder, 50_000);
  await progress.advance(20_000);
  expect(progress.until).toBe(50_000);
});

test('a damaged file is named, with what to do', async () => {
  writeFileSync(join(folder, 'handed-over.json'), '{"until":"yester');
  await expect(openProgress(folder, 0)).rejects.toThrow(/handed-over\.json is damaged\. Delete it/);
});
