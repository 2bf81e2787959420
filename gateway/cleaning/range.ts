import { quality } from '../../history/reading.ts';
import type { Stage, Tags } from './stage.ts';

/** Marks as bad what the sensor cannot report: a broken wire, a sentinel such as 9999 (QARTOD gross range test). */
export const range =
  (tags: Tags): Stage =>
  (readings) =>
    readings.map((reading) => {
      const limits = tags.get(reading.tag)?.range ?? null;
      if (limits === null || reading.cleaned === null) return reading;
      if (reading.cleaned >= limits[0] && reading.cleaned <= limits[1]) return reading;
      return { ...reading, quality: quality('bad', 'out of range'), cleaned: null };
    });
