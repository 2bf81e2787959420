import { isClockSet } from '../platform/clock.ts';

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** A number written as text; integers beyond 2^53 stay their exact text. Undefined: not a finite number. */
export function numberIn(text: string): number | string | undefined {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) return undefined;
  const value = Number(trimmed);
  if (!Number.isFinite(value)) return undefined;
  const integer = /^[+-]?\d+$/.test(trimmed);
  return integer && !Number.isSafeInteger(value) ? trimmed.replace(/^\+/, '') : value;
}

/** An integer of any size: exact as a number up to 2^53, as text beyond. */
export function exact(value: bigint): number | string {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : String(value);
}

const YEAR_2000 = 946_684_800_000;
const AHEAD_MS = 3_600_000;
const YEAR_2100 = 4_102_444_800_000;

/**
 * Why a source time cannot be right, or undefined. A reading stored there would hide, or pose as the newest, for ever.
 * While this machine's own clock is not set, a device may well be ahead of it.
 */
export function absurdity(at: number, now: number): string | undefined {
  if (!Number.isFinite(at)) return 'is no time';
  if (at < YEAR_2000) return 'lies before the year 2000';
  if (at > (isClockSet(now) ? now + AHEAD_MS : YEAR_2100)) return 'lies more than an hour ahead';
  return undefined;
}
