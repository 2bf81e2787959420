import type { Tag } from '../plant/tag.ts';

/** What a double holds for certain: 12.3 / 0.1 is 123, and not 123.00000000000001. */
const DIGITS = 15;
const clean = (value: number): number => Number(value.toPrecision(DIGITS));

/** A value in the tag's unit, in the device's own scale. NaN where the scale cannot be turned round. */
export function toDevice(value: number, scale: Tag['scale']): number {
  if (scale === null) return value;
  return scale.factor === 0 ? NaN : clean((value - scale.offset) / scale.factor);
}

/** The same back. */
export const fromDevice = (value: number, scale: Tag['scale']): number =>
  scale === null ? value : clean(value * scale.factor + scale.offset);
