import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const entry = fileURLToPath(new URL('../support/stop-entry.ts', import.meta.url));

async function aDaemon(how: 'quick' | 'stuck') {
  const child = spawn(process.execPath, ['--import', 'tsx', entry, how], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return { child, ended: once(child, 'exit') as Promise<[code: number | null, signal: string | null]> };
}

test.for(['SIGTERM', 'SIGINT'] as const)(
  '%s lets the daemon end by itself, with exit code 0',
  async (name) => {
    const { child, ended } = await aDaemon('quick');
    child.kill(name);
    expect(await ended).toEqual([0, null]);
  },
);

test('a second signal ends it at once, with exit code 1', async () => {
  const { child, ended } = await aDaemon('stuck');
  child.kill('SIGTERM');
  child.kill('SIGINT');
  expect(await ended).toEqual([1, null]);
});

test('a daemon that cannot let go is ended after ten seconds, with exit code 1', async () => {
  const { child, ended } = await aDaemon('stuck');
  child.kill('SIGTERM');
  expect(await ended).toEqual([1, null]);
});
