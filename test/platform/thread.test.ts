import { expect, onTestFinished, test } from 'vitest';
import { startThread, ThreadEnded } from '../../platform/thread.ts';
import type { ThreadOptions } from '../../platform/thread.ts';
import type { Entry } from '../support/thread-entry.ts';

function aThread(options: Partial<ThreadOptions> = {}) {
  const thread = startThread<Entry>(
    { entry: new URL('../support/thread-entry.ts', import.meta.url), name: 'test', ...options },
    { double: (n: number) => n * 2 },
  );
  onTestFinished(() => thread[Symbol.asyncDispose]());
  return thread;
}

test('a TypeScript worker answers calls, and the parent answers it', async () => {
  const { remote } = aThread({ data: { greeting: 'hello' } });
  expect(await Promise.all([remote.add(1, 2), remote.add(3, 4)])).toEqual([3, 7]);
  expect(await remote.data()).toEqual({ greeting: 'hello' });
  expect(await remote.askParent(21)).toBe(42);
});

test('an array of numbers that stands alone is handed over, not copied', async () => {
  const { remote } = aThread();
  const numbers = Float64Array.of(1, 2, 3);
  expect(await remote.sum(numbers)).toBe(6);
  expect(numbers.byteLength).toBe(0);
});

test('an error crosses with its message and cause, even where a part of it cannot be cloned', async () => {
  const { remote } = aThread();
  await expect(remote.fail()).rejects.toMatchObject({
    message: 'The device said no.',
    cause: { message: 'code 2' },
  });
  await expect(remote.failWithFunction()).rejects.toThrow('cannot be cloned');
  await expect(remote.returnFunction()).rejects.toThrow('could not be cloned');
  expect(await remote.add(1, 1)).toBe(2);
});

test('a call of something that is not offered says so', async () => {
  const { remote } = aThread();
  const stranger = remote as unknown as { toString(): Promise<unknown> };
  await expect(stranger.toString()).rejects.toThrow("asked for 'toString', which is not offered");
});

test('a worker that throws where nobody catches ends alone: calls under way fail with the reason', async () => {
  const thread = aThread();
  const waiting = thread.remote.never();
  const failure = expect(waiting).rejects.toThrow(ThreadEnded);
  await thread.remote.crash();
  await failure;
  expect((await thread.ended).cause).toMatchObject({ message: 'Nobody catches this.' });
});

test('a call after the end is refused at once rather than never answered', async () => {
  const thread = aThread();
  await thread.remote.add(1, 1);
  await thread[Symbol.asyncDispose]();
  await expect(thread.remote.add(1, 1)).rejects.toThrow(ThreadEnded);
});

test('a worker that hoards memory dies by its own limit, and the process lives', async () => {
  const thread = aThread({ limits: { maxOldGenerationSizeMb: 32 } });
  await expect(thread.remote.exhaust()).rejects.toThrow(ThreadEnded);
  expect((await thread.ended).cause).toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' });
});

test('an argument that cannot be cloned fails its own call and no other', async () => {
  const { remote } = aThread();
  await expect(remote.add(1, (() => 2) as unknown as number)).rejects.toThrow('could not be cloned');
  expect(await remote.add(1, 2)).toBe(3);
});
