import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { FilesConfig } from '../../../collectors/files/config.ts';
import { files } from '../../../collectors/files/files.ts';
import { collect } from '../../support/collecting.ts';
import { flow } from '../../support/files.ts';
import { aFolder } from '../../support/folder.ts';

const ENTRY = new URL('../../support/files-entry.ts', import.meta.url).pathname;

test('a process that is killed in the middle of a file loses nothing: the next one reads it again from the start', async () => {
  await using folder = await aFolder();
  await using logs = await aFolder();
  const log = join(logs.path, 'log');
  const rows = Array.from({ length: 200_000 }, (_, i) => `${1_782_900_000 + i},${i}`);
  await writeFile(join(folder.path, 'a.csv'), `Time,Flow\n${rows.join('\n')}\n`);

  const child = spawn(process.execPath, ['--import', 'tsx', ENTRY, folder.path, log], { stdio: 'inherit' });
  await vi.waitFor(() => expect(existsSync(log)).toBe(true), { timeout: 20_000 });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const before = (await readFile(log, 'utf8')).trim().split('\n');
  expect(before.length).toBeLessThan(rows.length);
  expect((await readdir(folder.path)).includes('a.csv')).toBe(true);

  const config = FilesConfig.parse({ folder: folder.path, pollMs: 100, stillMs: 100, timeColumn: 'Time' });
  const run = collect(files, { config, points: [flow], pkiFolder: '' });
  await vi.waitFor(() => expect(existsSync(join(folder.path, 'a.csv'))).toBe(false), { timeout: 25_000 });
  await run.stop();
  const after = run.of(1).map(({ at, value }) => `${at} ${String(value)}`);
  expect(after).toHaveLength(rows.length);
  expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1)); // the same readings: stored once
  expect(await readdir(join(folder.path, 'done'))).toEqual(['a.csv']);
});
