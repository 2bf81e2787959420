const ISO = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,12}))?(?:([Zz])|([+-]\d\d):?(\d\d))$/;
/** Below it a number counts seconds (until the year 5138), above milliseconds (since 1973). */
const LEAST_MS = 100_000_000_000;

/**
 * A source time in milliseconds with microseconds as the fraction: ISO 8601 with a zone, or seconds or milliseconds
 * since 1970. Undefined if it is neither: without a zone a text could mean any of forty instants.
 */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === 'number') return fromNumber(value);
  return typeof value === 'string' ? fromText(value.trim()) : undefined;
}

function fromText(text: string): number | undefined {
  const [, date, time, fraction, utc, hours, minutes] = ISO.exec(text) ?? [];
  if (date === undefined || time === undefined) return undefined;
  const zone = utc === undefined ? `${hours ?? ''}:${minutes ?? ''}` : 'Z';
  const seconds = Date.parse(`${date}T${time}${zone}`);
  const micros = Number((fraction ?? '').padEnd(6, '0').slice(0, 6));
  return Number.isNaN(seconds) ? undefined : seconds + micros / 1000;
}

const fromNumber = (value: number): number | undefined =>
  !Number.isFinite(value)
    ? undefined
    : Math.round((Math.abs(value) < LEAST_MS ? value * 1000 : value) * 1000) / 1000;
