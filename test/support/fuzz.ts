import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Report } from '../../collectors/collector.ts';
import type { Raw } from '../../history/reading.ts';
import { aReport } from './collecting.ts';

/** How long each decoder is fuzzed. A long run: `PENSTOCK_TEST_FUZZ_SECONDS=60`. */
const SECONDS = Number(process.env['PENSTOCK_TEST_FUZZ_SECONDS'] ?? 2);
const SEED = Number(process.env['PENSTOCK_TEST_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
/** What a decoder may keep: caches fill up, and the engine itself grows a little. */
const MOST_GROWTH = 24 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Runs a property until its time is over, then looks at what memory is left in use. Says how often it ran. */
export async function fuzz<Values extends unknown[]>(
  property: fc.IAsyncProperty<Values> | fc.IProperty<Values>,
  seconds = SECONDS,
): Promise<void> {
  let runs = 0;
  const bounded = async (share: number, seed: number) => {
    const end = Date.now() + share * seconds * 1000;
    // In rounds: each begins with small values again, and none of them is long.
    for (let round = 0; Date.now() < end; round++) {
      const limits = { numRuns: 2000, interruptAfterTimeLimit: Math.max(1, end - Date.now()) };
      const details = await fc.check(property as fc.IAsyncProperty<Values>, {
        ...limits,
        seed: seed + round,
      });
      // A counterexample counts, also where the time was over before it was a small one.
      if (details.failed && (details.counterexample !== null || !details.interrupted))
        throw new Error(`PENSTOCK_TEST_FUZZ_SEED=${SEED}: ${await fc.asyncDefaultReportMessage(details)}`, {
          cause: details.errorInstance,
        });
      runs += details.numRuns;
    }
  };
  await bounded(0.2, SEED);
  const before = heldBytes();
  await bounded(0.8, SEED + 1_000_000);
  const growth = heldBytes() - before;
  process.stdout.write(
    `${expect.getState().currentTestName ?? ''}: ${runs} runs, ${(growth / 1e6).toFixed(1)} MB more\n`,
  );
  expect(runs).toBeGreaterThan(10);
  expect(growth).toBeLessThan(MOST_GROWTH);
}

type Mutation = (bytes: Uint8Array) => Uint8Array;
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const interesting = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, interesting).map(
    ([at, byte]): Mutation =>
      (bytes) =>
        bytes.with(Math.floor(at * bytes.length), byte),
  ),
  fc.tuple(place, fc.nat(7)).map(([at, bit]): Mutation => (bytes) => {
    const i = Math.floor(at * bytes.length);
    return bytes.with(i, (bytes[i] ?? 0) ^ (1 << bit));
  }),
  fc.tuple(place, place).map(([from, length]): Mutation => (bytes) => {
    const start = Math.floor(from * bytes.length);
    return Uint8Array.from([...bytes.subarray(0, start), ...bytes.subarray(start + Math.ceil(length * 8))]);
  }),
  fc.tuple(place, fc.uint8Array({ maxLength: 8 })).map(([at, more]): Mutation => (bytes) => {
    const start = Math.floor(at * bytes.length);
    return Uint8Array.from([...bytes.subarray(0, start), ...more, ...bytes.subarray(start)]);
  }),
  place.map(
    (to): Mutation =>
      (bytes) =>
        bytes.subarray(0, Math.floor(to * bytes.length)),
  ),
  place.map(
    (from): Mutation =>
      (bytes) =>
        Uint8Array.from([...bytes, ...bytes.subarray(Math.floor(from * bytes.length))]),
  ),
);

/** Bytes that were right once: what a decoder sees after a bad line, a bad disk or a bad program. */
export const mutated = (valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(valid, fc.array(mutation, { maxLength: 6 }))
    .map(([bytes, mutations]) =>
      mutations.reduce((now, mutate) => (now.length === 0 ? now : mutate(now)), bytes),
    );

/** Settles with what the decoder throws, where that is one of its own errors; any other is a crash. */
export function refusal<Result>(
  decode: () => Result,
  ...own: (abstract new (...args: never[]) => Error)[]
): Result | undefined {
  try {
    return decode();
  } catch (err) {
    if (own.some((kind) => err instanceof kind)) return undefined;
    throw err;
  }
}

/** The time of receipt in these tests. */
export const NOW = Date.parse('2026-07-01T12:00:00Z');
/** Of one test. */
export const TIMEOUT = SECONDS * 1000 + 60_000;

export const anyJson = fc.jsonValue({ maxDepth: 4 });
export const bytesOf = (document: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(document));

/** What a store can keep and a screen can show. */
export function plain(readings: readonly Raw[]): void {
  for (const { at, value, status } of readings) {
    expect(Number.isFinite(at)).toBe(true);
    if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
    else if (value === null) expect(status).toBe('bad');
    else expect(value.length).toBeLessThanOrEqual(1024);
  }
}

/** A report that remembers nothing: a million faults would look like a leak. */
export const forgetful: Report = { ...aReport().report, fault: () => undefined };
