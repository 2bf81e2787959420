import { micros } from '../../history/times.ts';

const MINUTE = 60_000;
/** Greater ones count as not cleaned: their sum would overflow. */
const LARGEST = 1e150;

/** A row of `readings`, its time in milliseconds since the epoch. */
export interface Stored {
  readonly tag: number;
  readonly at: number;
  readonly value: number | null;
  readonly text: string | null;
  readonly quality: number;
  readonly cleaned: number | null;
}

/** What a roll-up must say. */
export interface Bucket {
  readonly count: number;
  readonly cleanedCount: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly avg: number | null;
  readonly first: number | null;
  readonly last: number | null;
  readonly twa: number | null;
  readonly heldS: number;
  readonly quality: number;
  readonly firstAt: number;
  readonly holds: boolean;
  readonly firstCleaned: number | null;
  readonly lastCleaned: number | null;
  readonly increase: number | null;
}

const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0);
const meanOf = (
  parts: readonly { readonly mean: number | null; readonly weight: number }[],
): number | null => {
  const weight = sum(parts.map((part) => part.weight));
  return weight === 0 ? null : sum(parts.map((part) => (part.mean ?? 0) * part.weight)) / weight;
};
const isNumber = (value: number | null): value is number => value !== null;

/** What a counter counted that showed these, one after the other; null where it showed nothing. */
const countedBy = (shown: readonly number[]): number | null =>
  shown.length === 0
    ? null
    : sum(
        shown
          .slice(1)
          .map((now, i) => (now >= (shown[i] ?? NaN) ? now - (shown[i] ?? NaN) : Math.max(now, 0))),
      );

/** A minute, from its readings in the order of time. */
export function minuteOf(start: number, rows: readonly Stored[]): Bucket {
  const values = rows.map(({ value }) => value).filter(isNumber);
  const held = rows.map(({ at, cleaned }, i) => ({
    mean: cleaned !== null && Math.abs(cleaned) < LARGEST ? cleaned : null,
    weight: (micros(rows[i + 1]?.at ?? start + MINUTE) - micros(at)) / 1e6,
  }));
  const usable = held.filter(({ mean }) => mean !== null);
  const shown = usable.map(({ mean }) => mean).filter(isNumber);
  return {
    count: rows.length,
    cleanedCount: usable.length,
    min: values.length === 0 ? null : Math.min(...values),
    max: values.length === 0 ? null : Math.max(...values),
    avg: meanOf(usable.map(({ mean }) => ({ mean, weight: 1 }))),
    first: values[0] ?? null,
    last: values.at(-1) ?? null,
    twa: meanOf(usable),
    heldS: sum(usable.map(({ weight }) => weight)),
    quality: Math.max(...rows.map(({ quality }) => quality)),
    firstAt: rows[0]?.at ?? NaN,
    holds: held.at(-1)?.mean !== null,
    ...{ firstCleaned: shown[0] ?? null, lastCleaned: shown.at(-1) ?? null, increase: countedBy(shown) },
  };
}

type Parts = readonly (readonly [number, Bucket])[];

/** How long values held, and on where nothing else was read: at most until `end`. */
function holdingOf(parts: Parts, width: number, end: number) {
  const gaps = parts.map(([start, { holds, lastCleaned }], i) => ({
    mean: lastCleaned,
    weight: holds ? ((parts[i + 1]?.[1].firstAt ?? end) - (start + width)) / 1000 : 0,
  }));
  const known = parts.map(([, { twa, heldS }]) => ({ mean: twa, weight: heldS }));
  const all = [...known, ...gaps];
  return { twa: meanOf(all), heldS: sum(all.map(({ weight }) => weight)) };
}

/** What was counted, in parts and from each to the next. */
function countingOf(finer: readonly Bucket[]) {
  const ends = finer.flatMap(({ firstCleaned, lastCleaned }) =>
    firstCleaned === null || lastCleaned === null ? [] : [[firstCleaned, lastCleaned] as const],
  );
  const between = ends.slice(1).map(([first], i) => countedBy([ends[i]?.[1] ?? NaN, first]) ?? 0);
  return {
    firstCleaned: ends[0]?.[0] ?? null,
    lastCleaned: ends.at(-1)?.[1] ?? null,
    increase: ends.length === 0 ? null : sum([...finer.map(({ increase }) => increase ?? 0), ...between]),
  };
}

/** A bucket that ends at `end` from finer ones of some width, in the order of time: in between values hold. */
export function bucketOf(parts: Parts, width: number, end: number): Bucket {
  const finer = parts.map(([, each]) => each);
  const least = finer.map(({ min }) => min).filter(isNumber);
  const greatest = finer.map(({ max }) => max).filter(isNumber);
  return {
    count: sum(finer.map(({ count }) => count)),
    cleanedCount: sum(finer.map(({ cleanedCount }) => cleanedCount)),
    min: least.length === 0 ? null : Math.min(...least),
    max: greatest.length === 0 ? null : Math.max(...greatest),
    avg: meanOf(finer.map(({ avg, cleanedCount }) => ({ mean: avg, weight: cleanedCount }))),
    first: finer.map(({ first }) => first).find(isNumber) ?? null,
    last: finer.map(({ last }) => last).findLast(isNumber) ?? null,
    quality: Math.max(...finer.map(({ quality }) => quality)),
    firstAt: finer[0]?.firstAt ?? NaN,
    holds: finer.at(-1)?.holds ?? false,
    ...{ ...holdingOf(parts, width, end), ...countingOf(finer) },
  };
}
