import { quality, statusOf } from '../../history/reading.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import type { Stage, Tags } from './stage.ts';

/** Doubts a value that has held still for longer than its sensor ever does (QARTOD flat line test). */
export function stuck(tags: Tags): Stage {
  const lastMove = new Map<TagId, Reading>();

  /** Since when the value has not moved; undefined where that cannot be said. */
  const stillSince = (reading: Reading): number | undefined => {
    const since = lastMove.get(reading.tag);
    if (since !== undefined && reading.at < since.at) return undefined;
    if (since?.value === reading.value) return since.at;
    lastMove.set(reading.tag, reading);
    return undefined;
  };

  const look = (reading: Reading): Reading => {
    const longest = tags.get(reading.tag)?.stuckMs ?? null;
    if (longest === null || statusOf(reading.quality) !== 'good') return reading;
    const since = stillSince(reading);
    const doubted = since !== undefined && reading.at - since > longest;
    return doubted ? { ...reading, quality: quality('uncertain', 'stuck') } : reading;
  };

  return (readings) => readings.map(look);
}
