const ISO = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,12}))?(?:([Zz])|([+-]\d\d):?(\d\d))$/;
/** Below it a number counts seconds (until the year 5138), above milliseconds (since 1973), and so on by the thousand. */
const LEAST_MS = 100_000_000_000;
/** Digits only, as an integer beyond 2^53 arrives. */
const LONG = /^\d{16,19}$/;

/**
 * A source time in milliseconds with microseconds as the fraction: ISO 8601 with a zone, or seconds, milli-, micro- or
 * nanoseconds since 1970. Undefined if it is neither: without a zone a text could mean any of forty instants.
 */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === 'number') return fromNumber(value);
  return typeof value === 'string' ? fromText(value.trim()) : undefined;
}

function fromText(text: string): number | undefined {
  if (LONG.test(text))
    return fromNumber(Number(text.padEnd(19, '0').slice(0, 16)) * 10 ** (text.length - 16));
  const [, date, time, fraction, utc, hours, minutes] = ISO.exec(text) ?? [];
  if (date === undefined || time === undefined) return undefined;
  const zone = utc === undefined ? `${hours ?? ''}:${minutes ?? ''}` : 'Z';
  const seconds = Date.parse(`${date}T${time}${zone}`);
  const micros = Number((fraction ?? '').padEnd(6, '0').slice(0, 6));
  return Number.isNaN(seconds) ? undefined : seconds + micros / 1000;
}

function fromNumber(value: number): number | undefined {
  if (!Number.isFinite(value)) return undefined;
  const size = Math.abs(value);
  if (size < LEAST_MS) return Math.round(value * 1_000_000) / 1000;
  if (size < LEAST_MS * 1e3) return Math.round(value * 1000) / 1000;
  return Math.round(size < LEAST_MS * 1e6 ? value : value / 1000) / 1000;
}
