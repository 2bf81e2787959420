import { GOOD, quality } from '../../history/reading.ts';
import type { Quality, Raw, Reading } from '../../history/reading.ts';
import type { Tag } from '../plant/tag.ts';
import type { Tags } from './stage.ts';

/** Makes a reading of what the device reported: scaled to the tag's unit, with the device's own doubt. */
export const accept =
  (tags: Tags) =>
  (raw: readonly Raw[]): Reading[] => {
    const readings: Reading[] = [];
    for (const sample of raw) {
      const tag = tags.get(sample.tag);
      if (tag !== undefined) readings.push(toReading(sample, tag));
    }
    return readings;
  };

function toReading({ tag, at, value, status, reason }: Raw, { kind, scale }: Tag): Reading {
  if (value === null) return { tag, at, value, quality: quality('bad', reason ?? 'no value'), cleaned: null };
  if (kind === 'text') return { tag, at, value, quality: doubt(status), cleaned: null };
  if (typeof value === 'string') return exactInteger({ tag, at, value, status }, scale);
  const scaled = scale === null ? value : value * scale.factor + scale.offset;
  if (!Number.isFinite(scaled))
    return { tag, at, value: null, quality: quality('bad', 'not a number'), cleaned: null };
  return { tag, at, value: scaled, quality: doubt(status), cleaned: status === 'bad' ? null : scaled };
}

/** An integer beyond 2^53 keeps its text unless it is scaled; its nearest double is what is computed with. */
function exactInteger({ tag, at, value, status }: Raw, scale: Tag['scale']): Reading {
  if (!/^-?\d+$/.test(String(value))) {
    return { tag, at, value, quality: quality('bad', 'not a number'), cleaned: null };
  }
  const number = scale === null ? Number(value) : Number(value) * scale.factor + scale.offset;
  return {
    tag,
    at,
    value: scale === null ? value : number,
    quality: doubt(status),
    cleaned: status === 'bad' ? null : number,
  };
}

const doubt = (status: Raw['status']): Quality =>
  status === 'good' ? GOOD : quality(status, 'reported by the device');
