import { quality, statusOf } from '../../history/reading.ts';
import type { Stage, Tags } from './stage.ts';

/** Keeps the cleaned value within the tag's limits: a level transmitter that says -0.3 % means an empty tank. */
export const clamp =
  (tags: Tags): Stage =>
  (readings) =>
    readings.map((reading) => {
      const limits = tags.get(reading.tag)?.clamp ?? null;
      if (limits === null || reading.cleaned === null) return reading;
      const cleaned = Math.min(Math.max(reading.cleaned, limits[0]), limits[1]);
      if (cleaned === reading.cleaned) return reading;
      const doubted = statusOf(reading.quality) !== 'good';
      return { ...reading, cleaned, quality: doubted ? reading.quality : quality('uncertain', 'clamped') };
    });
