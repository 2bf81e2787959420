import type { Offset } from '../../platform/zone.ts';

const MINUTE_MICROS = 60_000_000;
const two = (number: number): string => String(number).padStart(2, '0');
const SECONDS = Array.from({ length: 60 }, (_, second) => two(second));
const THOUSANDTHS = Array.from({ length: 1000 }, (_, part) => String(part).padStart(3, '0'));

const offsetText = (ms: number): string => {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
};

/**
 * Writes times (microseconds since the epoch) in ISO 8601: in UTC with Z where there is no offset, else as the clocks
 * of the place show them, with their offset. Microseconds are written where there are any. Fast in the order of time.
 */
export function timeText(offset: Offset | null): (micros: number) => string {
  let minute = NaN;
  let prefix = '';
  let suffix = 'Z';
  return (micros) => {
    const itsMinute = Math.floor(micros / MINUTE_MICROS);
    if (itsMinute !== minute) {
      minute = itsMinute;
      const at = itsMinute * 60_000;
      const ahead = offset?.(at) ?? 0;
      prefix = new Date(at + ahead).toISOString().slice(0, -7);
      suffix = offset === null ? 'Z' : offsetText(ahead);
    }
    const rest = micros - minute * MINUTE_MICROS;
    const second = Math.floor(rest / 1_000_000);
    const part = rest - second * 1_000_000;
    const ms = Math.floor(part / 1000);
    const us = part - ms * 1000;
    const fraction = us === 0 ? THOUSANDTHS[ms] : `${THOUSANDTHS[ms] ?? ''}${THOUSANDTHS[us] ?? ''}`;
    return `${prefix}${SECONDS[second] ?? ''}.${fraction ?? ''}${suffix}`;
  };
}
