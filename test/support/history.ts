import fc from 'fast-check';
import type { Quality, Reading, TagId } from '../../history/reading.ts';

const PLAIN = { noNullPrototype: true };
const START = Date.UTC(2026, 0, 1);

/** Values as devices report them: scaled integers, few distinct ones, noise, and the odd ones out. */
export const aValue: fc.Arbitrary<Reading['value']> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -40_000, max: 40_000 }).map((count) => count / 100) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 1 / 3) },
  { weight: 2, arbitrary: fc.double({ noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(-0, Infinity, -Infinity, Number.MIN_VALUE, 2 ** 53, -(2 ** 60)) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
);

/** A whole millisecond or a whole microsecond; a few of them years away. */
export const aTime: fc.Arbitrary<number> = fc.oneof(
  fc.nat({ max: 10_000 }).map((ms) => START + ms),
  fc.nat({ max: 10_000_000 }).map((us) => (START * 1000 + us) / 1000),
  fc.constantFrom(0, Date.UTC(1980, 0, 1), Date.UTC(2999, 0, 1)),
);

const quality: fc.Arbitrary<Quality> = fc
  .oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 700 }) })
  .map((packed) => packed as Quality);

export const aTagId = (tags: number): fc.Arbitrary<TagId> =>
  fc.integer({ min: 1, max: tags }).map((tag) => tag as TagId);

/** Any reading of a few tags: `cleaned` mostly follows the value. */
export const anyReading = (tags = 5, at: fc.Arbitrary<number> = aTime): fc.Arbitrary<Reading> =>
  fc
    .record(
      {
        tag: aTagId(tags),
        at,
        value: aValue,
        quality,
        other: fc.option(fc.double({ noNaN: true }), { freq: 3 }),
      },
      PLAIN,
    )
    .chain(({ other, ...reading }) => {
      const usual = typeof reading.value === 'number' ? reading.value : null;
      return fc.constantFrom(usual, usual, other).map((cleaned) => ({ ...reading, cleaned }));
    });

interface Cycle {
  readonly tags: number;
  readonly cycles: number;
  readonly from?: number;
  readonly periodMs?: number;
}

/** What a poll group brings: all tags at once, each period; measurements with two decimals, counters and switches. */
export function polled({ tags, cycles, from = START, periodMs = 1000 }: Cycle): Reading[] {
  return Array.from({ length: cycles * tags }, (_, i): Reading => {
    const cycle = Math.floor(i / tags);
    const tag = (i % tags) + 1;
    const value =
      tag % 3 === 0
        ? cycle
        : tag % 3 === 1
          ? Math.round((50 + 20 * Math.sin((cycle + tag * 7) / 60) + Math.sin(i * 12.9898)) * 100) / 100
          : Math.floor(cycle / 60) % 2;
    return { tag: tag as TagId, at: from + cycle * periodMs, value, quality: 0 as Quality, cleaned: value };
  });
}
