import type { TagView } from './tags.ts';

export interface Scale {
  low: number;
  high: number;
}

type Ranges = Pick<TagView, 'limits' | 'alarmLimits'>;

/**
 * The stretch a range bar shows: a little more than normal and alarm limits span, since the sensor's own range is
 * mostly so wide that nothing would be seen to move. Null where a tag has no limits at all.
 */
export function scaleOf({ limits, alarmLimits }: Ranges): Scale | null {
  const marks = [...(limits.normal ?? []), ...alarmLimits.map(({ limit }) => limit)];
  if (marks.length < 2) return limits.range === null ? null : { low: limits.range[0], high: limits.range[1] };
  const low = Math.min(...marks);
  const high = Math.max(...marks);
  const margin = (high - low) * 0.15 || Math.abs(high) * 0.1 || 1;
  const [floor, ceiling] = limits.range ?? [-Infinity, Infinity];
  return {
    low: Math.max(low - margin, Math.min(floor, low)),
    high: Math.min(high + margin, Math.max(ceiling, high)),
  };
}

/** Where a value stands on the scale, from 0 to 1; beyond its ends, at them. */
export const placeOf = ({ low, high }: Scale, value: number): number =>
  high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
