import { locale } from './locale.ts';
import { timeZone } from './session.ts';

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

/** Intl objects are dear to make and cheap to use. */
function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n ${locale.value} ${JSON.stringify(options)}`;
  let found = cache.get(key) as Intl.NumberFormat | undefined;
  if (found === undefined) cache.set(key, (found = new Intl.NumberFormat(locale.value, options)));
  return found;
}

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const zoned = { hourCycle: 'h23' as const, timeZone: timeZone.value, ...options };
  const key = `d ${locale.value} ${JSON.stringify(zoned)}`;
  let found = cache.get(key) as Intl.DateTimeFormat | undefined;
  if (found === undefined) cache.set(key, (found = new Intl.DateTimeFormat(locale.value, zoned)));
  return found;
}

/** A number with its digits fixed, so that a column of it stands still (rule L7). */
export const decimal = (value: number, digits: number): string =>
  numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export const integer = (value: number): string => numberFormat({ maximumFractionDigits: 0 }).format(value);

/** A figure nobody has given digits for. */
export const figure = (value: number, significant = 4): string =>
  numberFormat({ maximumSignificantDigits: significant }).format(value);

export const percent = (share: number, digits = 0): string =>
  numberFormat({ style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
    share,
  );

const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function bytes(count: number): string {
  const step = Math.min(byteUnits.length - 1, Math.floor(Math.log(Math.max(count, 1)) / Math.log(1000)));
  const unit = byteUnits[step] ?? 'byte';
  return numberFormat({ style: 'unit', unit, unitDisplay: 'short', maximumSignificantDigits: 3 }).format(
    count / 1000 ** step,
  );
}

type Instant = number | string | Date;
const date = (at: Instant): Date => new Date(at);

export const time = (at: Instant): string =>
  dateFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(date(at));

export const shortTime = (at: Instant): string =>
  dateFormat({ hour: '2-digit', minute: '2-digit' }).format(date(at));

export const day = (at: Instant): string => dateFormat({ day: '2-digit', month: '2-digit' }).format(date(at));

export const fullDay = (at: Instant): string =>
  dateFormat({ year: 'numeric', month: '2-digit', day: '2-digit' }).format(date(at));

export const dateTime = (at: Instant): string => `${fullDay(at)} ${time(at)}`;

/** With milliseconds: where the order of events matters. */
export const exactTime = (at: Instant): string =>
  dateFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 }).format(
    date(at),
  );

/** The site's offset from UTC at that instant, as in "UTC+02:00". */
export function offset(at: Instant): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: timeZone.value, timeZoneName: 'longOffset' });
  const name = parts.formatToParts(date(at)).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  return name === 'GMT' ? 'UTC+00:00' : name.replace('GMT', 'UTC');
}

/** Symbols of the SI and those used with it: the same in every language. */
const spans = [
  { symbol: 'd', ms: 86_400_000 },
  { symbol: 'h', ms: 3_600_000 },
  { symbol: 'min', ms: 60_000 },
  { symbol: 's', ms: 1000 },
] as const;

const spanText = (amount: number, symbol: string): string => `${integer(amount)}\u00a0${symbol}`;

/** How long something short takes: in milliseconds below ten seconds. */
export const brief = (ms: number): string => (ms < 10_000 ? spanText(Math.round(ms), 'ms') : duration(ms));

/** How long something takes or is old: the two greatest units, as in "2 h 5 min". */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  const first = spans.findIndex((span) => whole >= span.ms);
  const head = spans[first];
  if (head === undefined) return spanText(0, 's');
  const tail = spans[first + 1];
  const text = spanText(Math.floor(whole / head.ms), head.symbol);
  const rest = tail === undefined ? 0 : Math.floor((whole % head.ms) / tail.ms);
  return tail === undefined || rest === 0 ? text : `${text} ${spanText(rest, tail.symbol)}`;
}
