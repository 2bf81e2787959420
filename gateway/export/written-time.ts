import type { Offset } from '../../platform/zone.ts';
import { putWords, wordOf, wordsOf } from './words.ts';

const MINUTE_MICROS = 60_000_000;
const HOUR_MICROS = 60 * MINUTE_MICROS;
/** Clocks are set at quarters of an hour. */
const QUARTER_MICROS = 15 * MINUTE_MICROS;
const two = (number: number): string => String(number).padStart(2, '0');
const three = (number: number): string => String(number).padStart(3, '0');
/** Of minutes and seconds. */
const COLON_SIXTIETHS = Uint32Array.from({ length: 60 }, (_, part) => wordOf(`:${two(part)}`));
const POINT_THOUSANDTHS = Uint32Array.from({ length: 1000 }, (_, part) => wordOf(`.${three(part)}`));
const THOUSANDTHS = Uint32Array.from({ length: 1000 }, (_, part) => wordOf(three(part)));

const offsetText = (ms: number): string => {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
};

/** No time takes more bytes. */
export const LONGEST_TIME = 40;

/**
 * Writes times (microseconds since the epoch) in ISO 8601: in UTC with Z where there is no offset, else as the clocks
 * of the place show them, with their offset. Microseconds are written where there are any. Fast in the order of time.
 */
export function timePut(offset: Offset | null): (view: DataView, from: number, micros: number) => number {
  let quarter = NaN;
  let ahead = 0;
  let suffix = wordsOf('Z');
  let hour = NaN;
  let prefix = wordsOf('');
  return (view, from, micros) => {
    const itsQuarter = Math.floor(micros / QUARTER_MICROS);
    if (offset !== null && itsQuarter !== quarter) {
      quarter = itsQuarter;
      ahead = offset((itsQuarter * QUARTER_MICROS) / 1000);
      suffix = wordsOf(offsetText(ahead));
    }
    const local = micros + ahead * 1000;
    const itsHour = Math.floor(local / HOUR_MICROS);
    if (itsHour !== hour) {
      hour = itsHour;
      prefix = wordsOf(new Date((itsHour * HOUR_MICROS) / 1000).toISOString().slice(0, -11));
    }
    const inHour = local - hour * HOUR_MICROS;
    const minute = Math.floor(inHour / MINUTE_MICROS);
    const rest = inHour - minute * MINUTE_MICROS;
    const second = Math.floor(rest / 1_000_000);
    const part = rest - second * 1_000_000;
    const ms = Math.floor(part / 1000);
    const us = part - ms * 1000;
    let at = putWords(view, from, prefix);
    view.setUint32(at, COLON_SIXTIETHS[minute] ?? 0);
    view.setUint32(at + 3, COLON_SIXTIETHS[second] ?? 0);
    view.setUint32(at + 6, POINT_THOUSANDTHS[ms] ?? 0);
    at += 10;
    if (us !== 0) {
      view.setUint32(at, THOUSANDTHS[us] ?? 0);
      at += 3;
    }
    return putWords(view, at, suffix);
  };
}
