import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { crashPoints, readCrashAt } from '../../../platform/crash/point.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const point = join(root, 'platform/crash/point.ts');

/** A process that comes to one point four times, and then says so. */
const passFourTimes = (env: Record<string, string>) =>
  spawnSync(
    process.execPath,
    [
      ...['--import', 'tsx', '--input-type=module', '--eval'],
      `import { crashPoint } from '${point}';
       for (let i = 1; i <= 4; i++) { crashPoint('commit.after'); console.log(i); }`,
    ],
    { cwd: root, env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' },
  );

test('a process that no test has armed comes past every point', () => {
  expect(passFourTimes({})).toMatchObject({ status: 0, stdout: '1\n2\n3\n4\n', stderr: '' });
});

test('an armed process ends itself where it was told, the time it was told, and not at another point', () => {
  expect(passFourTimes({ PENSTOCK_TEST_CRASH_AT: 'commit.after:3' })).toMatchObject({
    ...{ signal: 'SIGKILL', stdout: '1\n2\n' },
    stderr: 'Killed at the crash point commit.after.\n',
  });
  expect(passFourTimes({ PENSTOCK_TEST_CRASH_AT: 'commit.before' })).toMatchObject({ status: 0 });
});

test('a word that names no crash point stops the start', () => {
  expect(() => readCrashAt('commit.later')).toThrow("'commit.later', which names no crash point");
  expect(() => readCrashAt('')).toThrow('names no crash point');
});

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));
}

test('each crash point is at one place of the code', () => {
  const code = ['platform', 'history', 'collectors', 'sync', 'gateway'].flatMap(sources).join('\n');
  const found = [...code.matchAll(/crashPoint\('([^']+)'\)/g)].map(([, name]) => name);
  expect(found.sort()).toEqual([...crashPoints].sort());
});
