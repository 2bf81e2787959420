import type { Offset } from '../../platform/zone.ts';

const MINUTE_MICROS = 60_000_000;
const ZERO = 48;
const POINT = 46;
const COLON = 58;
const two = (number: number): string => String(number).padStart(2, '0');

const offsetText = (ms: number): string => {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
};

/** Writes a number below a thousand in three digits. */
function putThousandths(bytes: Uint8Array, at: number, part: number): void {
  const tens = Math.trunc(part / 10);
  const hundreds = Math.trunc(tens / 10);
  bytes[at] = ZERO + hundreds;
  bytes[at + 1] = ZERO + tens - hundreds * 10;
  bytes[at + 2] = ZERO + part - tens * 10;
}

/** Writes bytes at a place and tells where the next ones go. */
type Put = (bytes: Uint8Array, at: number, micros: number) => number;

/** No time takes more. */
export const LONGEST_TIME = 40;

/**
 * Writes times (microseconds since the epoch) in ISO 8601: in UTC with Z where there is no offset, else as the clocks
 * of the place show them, with their offset. Microseconds are written where there are any. Fast in the order of time.
 */
export function timePut(offset: Offset | null): Put {
  let minute = NaN;
  let prefix = Buffer.alloc(0);
  let suffix = Buffer.from('Z');
  return (bytes, from, micros) => {
    const itsMinute = Math.floor(micros / MINUTE_MICROS);
    if (itsMinute !== minute) {
      minute = itsMinute;
      const at = itsMinute * 60_000;
      const ahead = offset?.(at) ?? 0;
      prefix = Buffer.from(new Date(at + ahead).toISOString().slice(0, -8));
      if (offset !== null) suffix = Buffer.from(offsetText(ahead));
    }
    const rest = micros - minute * MINUTE_MICROS;
    const second = Math.floor(rest / 1_000_000);
    const part = rest - second * 1_000_000;
    const ms = Math.floor(part / 1000);
    const us = part - ms * 1000;
    bytes.set(prefix, from);
    let at = from + prefix.length;
    putThousandths(bytes, at, second);
    bytes[at] = COLON; // In place of the first digit.
    bytes[at + 3] = POINT;
    putThousandths(bytes, at + 4, ms);
    at += 7;
    if (us !== 0) {
      putThousandths(bytes, at, us);
      at += 3;
    }
    bytes.set(suffix, at);
    return at + suffix.length;
  };
}
