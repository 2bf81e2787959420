import { expect, onTestFinished, test } from 'vitest';
import { Frozen, watch } from '../../../gateway/runtime/watch.ts';
import { startThread } from '../../../platform/thread.ts';
import type { Entry } from '../../support/thread-entry.ts';

const PATIENCE = { pingMs: 10, loadMs: 20_000, frozenMs: 2_000 };

function aThread() {
  const thread = startThread<Entry>({
    entry: new URL('../../support/thread-entry.ts', import.meta.url),
    name: 'test',
  });
  onTestFinished(() => thread[Symbol.asyncDispose]());
  let pings = 0;
  const ping = async () => {
    await thread.remote.ping();
    pings++;
  };
  return { thread, ping, pings: () => pings };
}

test('a thread that loops for ever is found out', async () => {
  const { thread, ping, pings } = aThread();
  const watching = watch(ping, new AbortController().signal, PATIENCE);
  watching.catch(() => undefined);
  await expect.poll(pings, { timeout: 20_000 }).toBeGreaterThan(0);
  thread.remote.loop().catch(() => undefined);
  await expect(watching).rejects.toThrow(Frozen);
});

test('a thread that turns is let alone until the watch is over', async () => {
  const { ping, pings } = aThread();
  const over = new AbortController();
  const watching = watch(ping, over.signal, { pingMs: 10, loadMs: 20_000, frozenMs: 20_000 });
  await Promise.race([watching, expect.poll(pings, { timeout: 10_000 }).toBeGreaterThan(5)]);
  over.abort();
  await expect(watching).rejects.not.toThrow(Frozen);
});

test('a thread has more time for its first answer than for the others: it loads its libraries', async () => {
  const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 200));
  let asked = 0;
  const ping = () => (asked++ === 0 ? slow() : new Promise<void>(() => undefined));
  const watching = watch(ping, new AbortController().signal, { pingMs: 5, loadMs: 60_000, frozenMs: 20 });
  await expect(watching).rejects.toThrow(Frozen);
  expect(asked).toBe(2);
});
