import type { ByteReader, ByteWriter } from './bytes.ts';

// How times are written: whole milliseconds, whole microseconds, or as they are.
const MILLIS = 0;
const MICROS = 1;
const DOUBLES = 2;

/** Four such distances still add up to a safe whole number. */
const FARTHEST = 2 ** 50;
const PER_MS = { [MILLIS]: 1, [MICROS]: 1000 } as const;

/** When a group was sampled: the newest time of each, and how far it was from the one before. */
interface Pace {
  last: number;
  step: number;
}

/** Predicts a group's next time: as far from the last one as that was from the one before. */
class Rhythm {
  readonly #paces = new Map<number, Pace>();
  #last = 0;

  /** Where the next time of this group is expected. */
  expected(group: number): number {
    const pace = this.#paces.get(group);
    return pace === undefined ? this.#last : pace.last + pace.step;
  }

  hear(group: number, time: number): void {
    const pace = this.#paces.get(group);
    if (pace === undefined) {
      this.#paces.set(group, { last: time, step: 0 });
    } else {
      pace.step = time - pace.last;
      pace.last = time;
    }
    this.#last = time;
  }
}

/** Whole milliseconds and fraction apart, as the database does it: neither is rounded by the other. */
export function micros(time: number): number {
  const whole = Math.floor(time);
  return whole * 1000 + Math.round((time - whole) * 1000);
}

function formOf(times: readonly number[]): typeof MILLIS | typeof MICROS | typeof DOUBLES {
  const base = times[0] ?? 0;
  const near = (perMs: number) => times.every((time) => Math.abs(time - base) * perMs < FARTHEST);
  if (times.every((time) => Number.isInteger(time)) && near(1)) return MILLIS;
  const safe = times.every((time) => Number.isSafeInteger(micros(time)));
  return safe && near(1000) ? MICROS : DOUBLES;
}

/**
 * Writes one time (milliseconds since the epoch) for each group number. Times of one group come at a steady pace,
 * so that what is written is mostly zeros. Whole milliseconds come back exactly, others to the microsecond.
 */
export function writeTimes(to: ByteWriter, groups: readonly number[], times: readonly number[]): void {
  const form = formOf(times);
  to.unsigned(form);
  if (form === DOUBLES) {
    for (const time of times) to.double(time);
    return;
  }
  const whole = form === MILLIS ? (time: number) => time : micros;
  const base = whole(times[0] ?? 0);
  to.double(base);
  const rhythm = new Rhythm();
  for (const [i, group] of groups.entries()) {
    const time = whole(times[i] ?? 0) - base;
    to.signed(time - rhythm.expected(group));
    rhythm.hear(group, time);
  }
}

export function readTimes(from: ByteReader, groups: readonly number[]): number[] {
  const form = from.unsigned();
  if (form === DOUBLES) return groups.map(() => from.double());
  if (form !== MILLIS && form !== MICROS) throw new RangeError(`Unknown form ${form} of times.`);
  const base = from.double();
  const rhythm = new Rhythm();
  return groups.map((group) => {
    const time = from.signed() + rhythm.expected(group);
    rhythm.hear(group, time);
    return (base + time) / PER_MS[form];
  });
}
