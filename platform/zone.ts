const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How far the clocks of a place are ahead of UTC, by instant. Both in milliseconds. */
export type Offset = (at: number) => number;

/**
 * The offset of an IANA zone. Clocks are set at quarters of an hour, so that one answer does for each; whoever asks in
 * the order of time is answered fast.
 */
export function offsetOf(zone: string): Offset {
  if (zone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const ask = (at: number): number => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const [year, month, day] = [part('year'), part('month') - 1, part('day')];
    return Date.UTC(year, month, day, part('hour'), part('minute'), part('second')) - at;
  };
  let known = { quarter: NaN, offset: 0 };
  return (at) => {
    const quarter = Math.floor(at / QUARTER_MS);
    if (quarter !== known.quarter) known = { quarter, offset: ask(quarter * QUARTER_MS) };
    return known.offset;
  };
}

/**
 * The first instant at which the clocks of a place show `local` (written as if it were UTC), or more where they skip
 * it: a day begins after the hour that it does not have.
 */
export function instantOf(local: number, offset: Offset): number {
  const [before, after] = [offset(local - DAY_MS), offset(local + DAY_MS)];
  const shown = [local - before, local - after].filter((at) => at + offset(at) === local);
  if (shown.length > 0) return Math.min(...shown);
  let [early, late] = [local - Math.max(before, after), local - Math.min(before, after)];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (middle + offset(middle) >= local) late = middle;
    else early = middle;
  }
  return late;
}

export const calendarUnits = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type CalendarUnit = (typeof calendarUnits)[number];

/** When the unit that holds a local time begins, and the one `more` later. Weeks begin on Mondays. */
function localStart(local: number, unit: CalendarUnit, more: number): number {
  const date = new Date(local);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const day = Math.floor(local / DAY_MS);
  const starts: Record<CalendarUnit, () => number> = {
    day: () => (day + more) * DAY_MS,
    week: () => (day - ((day + 3) % 7) + 7 * more) * DAY_MS,
    month: () => Date.UTC(year, month + more, 1),
    quarter: () => Date.UTC(year, month - (month % 3) + 3 * more, 1),
    year: () => Date.UTC(year + more, 0, 1),
  };
  return starts[unit]();
}

/**
 * Where the calendar units of a place begin, from the one that holds `from` to the end of the one that holds the last
 * instant before `to`. Undefined where there are more than `most` units. A day that a place never had is left out.
 */
export function calendarBorders(
  { from, to, unit, most }: { from: number; to: number; unit: CalendarUnit; most: number },
  offset: Offset,
): number[] | undefined {
  const local = from + offset(from);
  const borders: number[] = [];
  for (let i = 0; ; i++) {
    const border = instantOf(localStart(local, unit, i), offset);
    if (border !== borders.at(-1)) borders.push(border);
    if (border >= to) return borders;
    if (borders.length > most) return undefined;
  }
}
