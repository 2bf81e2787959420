import timers from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, test } from 'vitest';
import { timeLimit } from '../../platform/time-limit.ts';

test('a limit of time is kept though nobody holds it and the garbage is collected', async () => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  const never = new AbortController().signal;
  const ended = Array.from({ length: 100 }, () =>
    timers
      .setTimeout(60_000, 'waited on', { signal: timeLimit(200, never), ref: false })
      .catch((err: unknown) => (err as Error).name),
  );
  await timers.setTimeout(20);
  collect();
  expect(new Set(await Promise.all(ended))).toEqual(new Set(['AbortError']));
});

test('it ends with the first of its signals, with that one’s reason, or says that the time is over', async () => {
  const stop = new AbortController();
  const limited = timeLimit(60_000, new AbortController().signal, stop.signal);
  expect(limited.aborted).toBe(false);
  stop.abort(new Error('called off'));
  expect(limited.reason).toMatchObject({ message: 'called off' });
  const short = timeLimit(1);
  await expect.poll(() => short.aborted).toBe(true);
  expect(short.reason).toMatchObject({ name: 'TimeoutError', message: 'It took longer than 1 ms.' });
});
