import type { Reading } from '../../history/reading.ts';
import type { Loss } from '../../history/store/losses.ts';

const YEAR_1_MS = -62_135_596_800_000;
const YEAR_10000_MS = 253_402_300_800_000;
const LARGEST_TAG = 2 ** 31 - 1;
const LARGEST_QUALITY = 2 ** 15 - 1;
const LONGEST_TEXT = 10_000_000;

const isWhole = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

const isNumberOrNull = (value: unknown): boolean =>
  value === null || (typeof value === 'number' && !Number.isNaN(value));

const isValue = (value: unknown): boolean =>
  isNumberOrNull(value) || (typeof value === 'string' && value.length <= LONGEST_TEXT);

/** True where columns and files can hold a reading: what a mistake elsewhere made of it must not stop the others. */
export const isKeepable = ({ tag, at, value, quality, cleaned }: Reading): boolean =>
  at >= YEAR_1_MS &&
  at < YEAR_10000_MS &&
  isWhole(tag, 0, LARGEST_TAG) &&
  isWhole(quality, 0, LARGEST_QUALITY) &&
  isValue(value) &&
  isNumberOrNull(cleaned);

const clip = (at: number, unknown: number): number =>
  Number.isNaN(at) ? unknown : Math.min(Math.max(at, YEAR_1_MS), YEAR_10000_MS - 1);

/** Losses as columns and files can hold them: their times are what a device said, and count less than that they are known. */
export function keptLosses(losses: readonly Loss[]): Loss[] {
  const now = Date.now();
  return losses.map((loss) => ({
    ...loss,
    from: clip(loss.from, now),
    to: clip(loss.to, now),
    count: Number.isSafeInteger(loss.count) ? loss.count : null,
  }));
}
