import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startProcess } from '../../platform/process.ts';
import { ThreadEnded } from '../../platform/thread.ts';
import type { ThreadOptions } from '../../platform/thread.ts';
import type { Entry } from '../support/thread-entry.ts';

const ENTRY = new URL('../support/thread-entry.ts', import.meta.url);

function aProcess(options: Partial<ThreadOptions> = {}) {
  const child = startProcess<Entry>(
    { entry: ENTRY, name: 'test', ...options },
    { double: (n: number) => n * 2 },
  );
  onTestFinished(() => child[Symbol.asyncDispose]());
  return child;
}

test('a child process answers calls as a thread does, and its parent answers it', async () => {
  const { remote } = aProcess({ data: { greeting: 'hello' } });
  expect(await remote.add(1, 2)).toBe(3);
  expect(await remote.data()).toEqual({ greeting: 'hello' });
  expect(await remote.askParent(21)).toBe(42);
  expect(await remote.sum(Float64Array.of(1, 2, 3))).toBe(6);
  await expect(remote.fail()).rejects.toMatchObject({ message: 'The device said no.' });
  await expect(remote.returnFunction()).rejects.toThrow('could not be cloned');
  expect(await remote.add(1, 1)).toBe(2);
});

test('a child that throws where nobody catches ends alone, and its last words are told', async () => {
  const child = aProcess();
  const waiting = expect(child.remote.never()).rejects.toThrow(ThreadEnded);
  await child.remote.crash();
  await waiting;
  expect((await child.ended).cause).toMatchObject({
    message: expect.stringContaining('Nobody catches this.') as string,
  });
});

test('a child that hoards memory dies by its own limit', async () => {
  const child = aProcess({ limits: { maxOldGenerationSizeMb: 32 } });
  await expect(child.remote.exhaust()).rejects.toThrow(ThreadEnded);
});

test('a child ends when its parent is killed', async () => {
  const parent = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('../support/parent-entry.ts', import.meta.url))],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(line.toString());
  expect(stateOf(child)).not.toBe('gone');
  parent.kill('SIGKILL');
  await expect.poll(() => stateOf(child), { timeout: 10_000 }).toBe('gone');
});

/** A process that nobody has waited for yet (proc(5): Z) is gone as well. */
function stateOf(pid: number): string {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.charAt(0) ?? '';
    return state === 'Z' ? 'gone' : state;
  } catch {
    return 'gone';
  }
}
