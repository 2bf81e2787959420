import type { Quality, Reading, TagId } from './reading.ts';

/** What a screen shows of a reading. */
export type LiveReading = Pick<Reading, 'tag' | 'at' | 'value' | 'quality'>;

/** One batch of the live socket. A snapshot answers a watch; what follows carries only what changed. */
export interface Frame {
  /** Counts up by one per frame and viewer: a hole means that something was missed. */
  readonly seq: number;
  /** The daemon's clock, milliseconds since the epoch. */
  readonly now: number;
  readonly snapshot: boolean;
  readonly readings: readonly LiveReading[];
}

// Little-endian: a header, then columns (times, values, tags, qualities, kinds), then the texts with their lengths.
const VERSION = 1;
const HEADER = 24;
const BYTES_EACH = 8 + 8 + 4 + 2 + 1;
const NUMBER = 0;
const NONE = 1;
const TEXT = 2;

const offsets = (count: number) => {
  const times = HEADER;
  const values = times + 8 * count;
  const tags = values + 8 * count;
  const qualities = tags + 4 * count;
  const kinds = qualities + 2 * count;
  return { times, values, tags, qualities, kinds, texts: kinds + count };
};

const kindOf = (value: LiveReading['value']): number => {
  if (typeof value === 'string') return TEXT;
  return value === null || Number.isNaN(value) ? NONE : NUMBER;
};

/** Packs a frame for the wire, about 23 bytes a reading. A NaN, which nothing should send, arrives as null. */
export function encodeFrame({ seq, now, snapshot, readings }: Frame): Uint8Array {
  const encoder = new TextEncoder();
  const texts = readings.flatMap(({ value }) => (typeof value === 'string' ? [encoder.encode(value)] : []));
  const at = offsets(readings.length);
  const size = texts.reduce((sum, text) => sum + 4 + text.length, at.texts);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, snapshot ? 1 : 0);
  view.setUint32(4, readings.length, true);
  view.setFloat64(8, seq, true);
  view.setFloat64(16, now, true);
  readings.forEach(({ tag, at: time, value, quality }, i) => {
    view.setFloat64(at.times + 8 * i, time, true);
    view.setFloat64(at.values + 8 * i, typeof value === 'number' ? value : 0, true);
    view.setUint32(at.tags + 4 * i, tag, true);
    view.setUint16(at.qualities + 2 * i, quality, true);
    view.setUint8(at.kinds + i, kindOf(value));
  });
  let end = at.texts;
  for (const text of texts) {
    view.setUint32(end, text.length, true);
    bytes.set(text, end + 4);
    end += 4 + text.length;
  }
  return bytes;
}

function readTexts(bytes: Uint8Array, view: DataView, start: number): () => string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let next = start;
  return () => {
    const from = next + 4;
    next = from + view.getUint32(next, true);
    if (next > bytes.length) throw new RangeError('A text runs past the end.');
    return decoder.decode(bytes.subarray(from, next));
  };
}

/** Reads what `encodeFrame` wrote. Throws a `RangeError` or `TypeError` on anything else. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(0);
  if (version !== VERSION) throw new RangeError(`This is a frame of version ${version}, not ${VERSION}.`);
  const count = view.getUint32(4, true);
  if (HEADER + count * BYTES_EACH > bytes.length) throw new RangeError(`${count} readings do not fit.`);
  const at = offsets(count);
  const text = readTexts(bytes, view, at.texts);
  const valueAt = (i: number): LiveReading['value'] => {
    const kind = view.getUint8(at.kinds + i);
    if (kind === TEXT) return text();
    return kind === NONE ? null : view.getFloat64(at.values + 8 * i, true);
  };
  return {
    seq: view.getFloat64(8, true),
    now: view.getFloat64(16, true),
    snapshot: view.getUint8(1) === 1,
    readings: Array.from({ length: count }, (_, i) => ({
      tag: view.getUint32(at.tags + 4 * i, true) as TagId,
      at: view.getFloat64(at.times + 8 * i, true),
      value: valueAt(i),
      quality: view.getUint16(at.qualities + 2 * i, true) as Quality,
    })),
  };
}
