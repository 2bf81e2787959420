const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
/** Quarters of an hour whose offsets are remembered: over three months. */
const REMEMBERED = 10_000;

/**
 * The offsets from UTC, in milliseconds, that a wall clock of the zone can have had when it showed `wall` (written as
 * if it were UTC). Two in the hour that is repeated in autumn, the earlier instant first; none in the one that is left
 * out in spring.
 */
export type Zone = (wall: number) => readonly number[];

/** Whether there is such a zone: `Europe/Berlin`, `UTC`, `+01:00`. */
export function isZone(name: string): boolean {
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Throws for a zone that is not one. */
export function zone(name: string): Zone {
  const offsetAt = clockOf(name);
  const known = new Map<number, readonly number[]>();

  return (wall) => {
    const quarter = Math.floor(wall / QUARTER_MS); // clocks change at whole quarters
    const before = known.get(quarter);
    if (before !== undefined) return before;
    const start = quarter * QUARTER_MS;
    const around = new Set([offsetAt(start - DAY_MS), offsetAt(start + DAY_MS)]);
    const offsets = [...around].filter((offset) => offsetAt(start - offset) === offset).sort((a, b) => b - a);
    if (known.size >= REMEMBERED) known.clear();
    known.set(quarter, offsets);
    return offsets;
  };
}

const FIXED = /^([+-])(\d\d):?([0-5]\d)$/;

/** What a clock of the zone is ahead of UTC at an instant. */
function clockOf(name: string): (at: number) => number {
  const [, sign, hours, minutes] = FIXED.exec(name) ?? []; // Node 20 knows none of these
  const fixed = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  if (sign !== undefined) return () => fixed;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
  };
}
