/** The stretch of time on screen. One that follows ends at "now" (and a little beyond, where a forecast is). */
export type TimeSpan = { kind: 'following'; widthMs: number } | { kind: 'fixed'; from: number; to: number };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const presets = [
  { key: '5m', widthMs: 5 * MINUTE },
  { key: '1h', widthMs: HOUR },
  { key: '8h', widthMs: 8 * HOUR },
  { key: '1d', widthMs: DAY },
  { key: '7d', widthMs: 7 * DAY },
  { key: '30d', widthMs: 30 * DAY },
] as const;

const NARROWEST_MS = 2000;
const WIDEST_MS = 400 * DAY;
/** So much of the width shows what is forecast. */
const AHEAD_SHARE = 0.3;

export interface Range {
  from: number;
  to: number;
}

/** What is on screen. `forecastTo` is where the forecast ends, if there is one. */
export function rangeOf(span: TimeSpan, now: number, forecastTo: number | null): Range {
  if (span.kind === 'fixed') return { from: span.from, to: span.to };
  const ahead = forecastTo === null ? 0 : Math.min(span.widthMs * AHEAD_SHARE, Math.max(0, forecastTo - now));
  return { from: now - span.widthMs, to: now + ahead };
}

/** Moves by a share of the width; any move stops following, and the same place is never left behind the end of time. */
export function pan({ from, to }: Range, share: number): TimeSpan {
  const by = (to - from) * share;
  return { kind: 'fixed', from: from + by, to: to + by };
}

/** Narrower below 1, wider above; `anchor` (from 0 to 1) is the place that stays where it is. */
export function zoom({ from, to }: Range, factor: number, anchor = 0.5): TimeSpan {
  const width = to - from;
  const next = Math.min(Math.max(width * factor, NARROWEST_MS), WIDEST_MS);
  const fixed = from + width * anchor;
  return { kind: 'fixed', from: fixed - next * anchor, to: fixed + next * (1 - anchor) };
}
