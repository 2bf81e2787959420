import { z } from 'zod';
import { pattern } from './pattern.ts';
import { parseTime } from './time.ts';
import { isZone, zone } from './zone.ts';
import type { Zone } from './zone.ts';

/** How times are written in a file or a document. */
export const TimeFormat = z
  .strictObject({
    format: z
      .string()
      .default('iso')
      .refine((text) => ['iso', 's', 'ms'].includes(text) || pattern(text) !== undefined, {
        message: 'must be iso, s, ms, or a pattern with at least yyyy, MM and dd, like dd.MM.yyyy HH:mm:ss',
      })
      .describe(
        '`iso`, `s` or `ms` since 1970, or a pattern like `dd.MM.yyyy HH:mm:ss,SSS` or `M/d/yyyy h:mm a`.',
      ),
    zone: z
      .string()
      .refine(isZone, { message: 'must be a time zone like Europe/Berlin, UTC or +01:00' })
      .optional()
      .describe('What a time without a zone means: Europe/Berlin, UTC, +01:00.'),
  })
  .refine(({ format, zone }) => ['iso', 's', 'ms'].includes(format) || zone !== undefined, {
    path: ['zone'],
    message: 'is needed: a time without a zone could mean any of forty instants',
  });
export type TimeFormat = z.infer<typeof TimeFormat>;

/**
 * The instant of a time as it was found, or why it is none. Records of one `series` come in their order: that tells
 * the first pass of the hour that is repeated in autumn from the second.
 */
export type TimeReader = (found: unknown, series: string) => number | string;

interface Series {
  last: number;
  falling: boolean;
  settled: boolean;
}

const LOCAL_ISO = ["yyyy-MM-dd'T'HH:mm:ss.S", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", 'yyyy-MM-dd'];
const NUMBER = /^-?\d+(\.\d+)?$/;

/** A reader for one file or document. */
export function timeReader({ format, zone: name }: TimeFormat): TimeReader {
  if (format === 's' || format === 'ms') return (found) => epoch(found, format === 's' ? 1000 : 1);
  const local = name === undefined ? undefined : inZone(zone(name), name);
  const patterns = (format === 'iso' ? LOCAL_ISO : [format]).map(pattern).filter((one) => one !== undefined);
  return (found, series) => {
    if (format === 'iso') {
      const at = parseTime(typeof found === 'string' && NUMBER.test(found.trim()) ? Number(found) : found);
      if (at !== undefined) return at;
    }
    if (typeof found !== 'string') return `is not written as ${format}`;
    const text = format === 'iso' ? found.trim().replace(/ /, 'T').replace(',', '.') : found.trim();
    const wall = patterns.map((read) => read(text)).find((one) => one !== undefined);
    if (wall === undefined) return `is not written as ${format}`;
    return local?.(wall, series) ?? 'has no zone, and none is configured';
  };
}

function epoch(found: unknown, unitMs: number): number | string {
  const value = typeof found === 'string' && NUMBER.test(found.trim()) ? Number(found) : found;
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'is not a number';
  const at = Math.round(value * unitMs * 1000) / 1000;
  return Number.isFinite(at) ? at : 'is beyond all times';
}

function inZone(offsetsAt: Zone, name: string): (wall: number, series: string) => number | string {
  const known = new Map<string, Series>();
  return (wall, key) => {
    const instants = offsetsAt(wall).map((offset) => wall - offset);
    const [first] = instants;
    if (first === undefined) return `does not exist in ${name}: the clock was put forward over it`;
    const series = known.get(key);
    const at = series === undefined ? first : inOrder(instants, series);
    if (series === undefined) known.set(key, { last: at, falling: false, settled: false });
    else follow(series, at, instants.length === 1);
    return at;
  };
}

/** The instant that carries on in the direction of those before it. */
function inOrder(instants: readonly number[], { last, falling }: Series): number {
  const onward = falling ? instants.findLast((at) => at <= last) : instants.find((at) => at >= last);
  return onward ?? (falling ? instants.at(-1) : instants[0]) ?? last;
}

function follow(series: Series, at: number, certain: boolean): void {
  if (certain && !series.settled && at !== series.last) {
    series.falling = at < series.last;
    series.settled = true;
  }
  series.last = at;
}
