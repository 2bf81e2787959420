import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keepHeard, readHeard } from '../../../gateway/runtime/heard.ts';
import { aFolder } from '../../support/folder.ts';
import { silent } from '../../support/web.ts';

const HEARD = Date.parse('2026-03-01T12:00:00Z');

async function aSourceFolder(): Promise<string> {
  const folder = await aFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return join(folder.path, 'sources', '7');
}

/** Keeps until it is stopped at once: what is known then is written. */
async function keep(folder: string, at: number | null): Promise<void> {
  const stop = new AbortController();
  const keeping = keepHeard(folder, () => at, silent, stop.signal);
  stop.abort();
  await keeping;
}

test('when a source was last heard outlives the run, to the moment of its end', async () => {
  const folder = await aSourceFolder();
  expect(await readHeard(folder)).toBeNull();
  await keep(folder, HEARD);
  expect(await readHeard(folder)).toBe(HEARD);
  expect(await readdir(folder)).toEqual(['heard.json']);
});

test('a source that was never heard leaves nothing behind', async () => {
  const folder = await aSourceFolder();
  await keep(folder, null);
  expect(await readHeard(folder)).toBeNull();
});

test.each([
  ['torn', '{"at":17'],
  ['of another kind', '{"at":"noon"}'],
  ['empty', 'null'],
  ['from a clock that was ahead', JSON.stringify({ at: Date.now() + 3_600_000 })],
])('a file that is %s says nothing', async (_, text) => {
  const folder = await aSourceFolder();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'heard.json'), text);
  expect(await readHeard(folder)).toBeNull();
});
