import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { gather } from '../../collectors/gather.ts';
import type { Raw, TagId } from '../../history/reading.ts';

const raw = (at: number): Raw => ({ tag: 1 as TagId, at, value: at, status: 'good' });

/** A store that keeps batches until they are let go. */
function store() {
  const batches: (readonly Raw[])[] = [];
  const letGo: ((err?: Error) => void)[] = [];
  return {
    batches,
    letGo,
    emit: (batch: readonly Raw[]) => {
      batches.push(batch);
      return new Promise<void>((resolve, reject) => letGo.push((err) => (err ? reject(err) : resolve())));
    },
  };
}

test('what arrives within the window travels in one batch, and each sender learns when it is safe', async () => {
  const { emit, batches, letGo } = store();
  const gatherer = gather(emit, 5);
  const safe: number[] = [];
  for (const at of [1, 2, 3]) void gatherer.add([raw(at)]).then(() => safe.push(at));
  await vi.waitFor(() => expect(batches).toHaveLength(1));
  expect(batches[0]!.map(({ at }) => at)).toEqual([1, 2, 3]);
  expect([safe, gatherer.waiting()]).toEqual([[], 3]);
  letGo[0]!();
  await vi.waitFor(() => expect(safe).toEqual([1, 2, 3]));
  expect(gatherer.waiting()).toBe(0);
});

test('while four batches are on their way the fifth grows, and starts as soon as one has landed', async () => {
  const { emit, batches, letGo } = store();
  const gatherer = gather(emit, 1);
  for (let n = 1; n <= 4; n++) {
    void gatherer.add([raw(n)]);
    await vi.waitFor(() => expect(batches).toHaveLength(n));
  }
  for (let n = 5; n <= 9; n++) void gatherer.add([raw(n)]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(batches).toHaveLength(4);
  letGo[2]!();
  await vi.waitFor(() => expect(batches).toHaveLength(5));
  expect(batches[4]!.map(({ at }) => at)).toEqual([5, 6, 7, 8, 9]);
});

test('a large batch does not wait for the end of its window', () => {
  const { emit, batches } = store();
  const gatherer = gather(emit, 60_000);
  void gatherer.add(Array.from({ length: 2000 }, (_, i) => raw(i)));
  expect(batches).toHaveLength(1);
});

test('a batch does not grow beyond bounds: what is due leaves in its order, four at a time', async () => {
  const { emit, batches, letGo } = store();
  const gatherer = gather(emit, 60_000);
  const burst = (from: number) => Array.from({ length: 2000 }, (_, i) => raw(from + i));
  for (let n = 0; n < 6; n++) void gatherer.add(burst(n * 2000));
  void gatherer.add([raw(12_000)]);
  expect(batches).toHaveLength(4);
  letGo.forEach((go) => go());
  const drained = gatherer.drain();
  await vi.waitFor(() => expect(batches).toHaveLength(7));
  letGo.forEach((go) => go());
  await drained;
  expect(batches.flat().map(({ at }) => at)).toEqual(Array.from({ length: 12_001 }, (_, i) => i));
  expect(gatherer.waiting()).toBe(0);
});

test('a sign of life is an empty batch, unless readings are on their way anyway', async () => {
  const { emit, batches } = store();
  const gatherer = gather(emit, 1);
  gatherer.alive();
  gatherer.alive();
  await vi.waitFor(() => expect(batches).toEqual([[]]));
  gatherer.alive();
  void gatherer.add([raw(1)]);
  await vi.waitFor(() => expect(batches).toEqual([[], [raw(1)]]));
});

test('a batch that fails fails its senders and the run', async () => {
  const { emit, letGo, batches } = store();
  const gatherer = gather(emit, 1);
  const added = gatherer.add([raw(1)]);
  await vi.waitFor(() => expect(batches).toHaveLength(1));
  letGo[0]!(new Error('The thread is gone.'));
  await expect(added).rejects.toThrow('The thread is gone.');
  await expect(gatherer.failed).rejects.toThrow('The thread is gone.');
});

test('draining hands over what is left and waits until it is safe', async () => {
  const { emit, letGo, batches } = store();
  const gatherer = gather(emit, 60_000);
  onTestFinished(() => letGo.forEach((go) => go()));
  void gatherer.add([raw(1)]);
  let drained = false;
  const over = gatherer.drain().then(() => (drained = true));
  expect(batches).toHaveLength(1);
  await Promise.resolve();
  expect(drained).toBe(false);
  letGo[0]!();
  await over;
});

test('nothing is lost, doubled or reordered, however arrivals and commits interleave', async () => {
  const step = fc.oneof(
    fc.constant('add' as const),
    fc.constant('burst' as const),
    fc.constant('alive' as const),
    fc.constant('land' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { emit, batches, letGo } = store();
      const gatherer = gather(emit, 0);
      let added = 0;
      let landed = 0;
      for (const one of steps) {
        if (one === 'add') void gatherer.add([raw(++added)]);
        else if (one === 'burst') void gatherer.add(Array.from({ length: 1500 }, () => raw(++added)));
        else if (one === 'alive') gatherer.alive();
        else letGo[landed++ % Math.max(1, letGo.length)]?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const drained = gatherer.drain();
      const landing = setInterval(() => letGo.forEach((go) => go()), 1);
      await drained;
      clearInterval(landing);
      expect(batches.flat().map(({ at }) => at)).toEqual(Array.from({ length: added }, (_, i) => i + 1));
      expect(gatherer.waiting()).toBe(0);
    }),
    { numRuns: 30 },
  );
});
