import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readColumn } from './column.ts';
import type { Reading, TagId } from './reading.ts';
import { readTimes } from './times.ts';
import { writeReadings } from './write-readings.ts';

/** The most readings that one batch may hold: more are refused, also when reading. */
export const LARGEST_BATCH = 1_000_000;

const VERSION = 1;
/** Before compression. Only texts can need more, and then the batch must be sent in parts. */
const LARGEST_BODY = 64 * 1024 * 1024;

/** Bytes that are not a batch, or one of another version. */
export class BadBatch extends Error {
  override name = 'BadBatch';
}

/**
 * Readings in few bytes, about one each where values have few decimals. Order, tags, qualities and every bit of every
 * value are kept, times to the microsecond. Refuses a time that is not finite with a `RangeError`.
 */
export function encodeBatch(readings: readonly Reading[]): Uint8Array {
  if (readings.length > LARGEST_BATCH)
    throw new RangeError(
      `A batch of ${readings.length} readings is too large; ${LARGEST_BATCH} is the limit.`,
    );
  const body = new ByteWriter();
  writeReadings(body, readings);
  if (body.written.length > LARGEST_BODY)
    throw new RangeError(
      `A batch of ${body.written.length} bytes is too large; ${LARGEST_BODY} is the limit.`,
    );
  const packed = deflateRawSync(body.written, { level: 1 });
  const bytes = new Uint8Array(packed.length + 1);
  bytes[0] = VERSION;
  bytes.set(packed, 1);
  return bytes;
}

function readCount(from: ByteReader, what: string): number {
  const count = from.unsigned();
  if (count > LARGEST_BATCH) throw new RangeError(`${count} ${what} are too many.`);
  return count;
}

/** Readings of the same time next to each other were sampled together: which tags, in which order, by their index. */
type Shape = readonly number[];

interface Order {
  readonly shapes: readonly Shape[];
  /** For each sampling the shape of it, and its time. */
  readonly samplings: readonly number[];
  readonly times: readonly number[];
}

function readShape(from: ByteReader, tags: number): Shape {
  let index = -1;
  return Array.from({ length: readCount(from, 'tags of a sampling') }, () => {
    index += from.signed() + 1;
    if (index < 0 || index >= tags) throw new RangeError('A sampling has an unknown tag.');
    return index;
  });
}

function readOrder(from: ByteReader, tags: number): Order {
  const shapes: Shape[] = [];
  let listed = 0;
  for (let left = readCount(from, 'shapes'); left > 0; left--) {
    const shape = readShape(from, tags);
    shapes.push(shape);
    listed += shape.length;
    if (listed > LARGEST_BATCH) throw new RangeError('The samplings list too many tags.');
  }
  const samplings = Array.from({ length: readCount(from, 'samplings') }, () => from.unsigned());
  return { shapes, samplings, times: readTimes(from, samplings) };
}

/** How many readings each tag has. */
function countRows({ shapes, samplings }: Order, tags: number): number[] {
  const rows = new Array<number>(tags).fill(0);
  let total = 0;
  for (const sampling of samplings) {
    const shape = shapes[sampling];
    if (shape === undefined) throw new RangeError('A sampling has an unknown shape.');
    total += shape.length;
    if (total > LARGEST_BATCH) throw new RangeError('The batch has too many readings.');
    for (const index of shape) rows[index] = (rows[index] ?? 0) + 1;
  }
  return rows;
}

function readBody(from: ByteReader): Reading[] {
  let tag = 0;
  const tags = Array.from({ length: readCount(from, 'tags') }, () => (tag += from.signed()) as TagId);
  const order = readOrder(from, tags.length);
  const rows = countRows(order, tags.length);
  const columns = tags.map((each, i) => ({ tag: each, cells: readColumn(from, rows[i] ?? 0), next: 0 }));
  if (!from.atEnd) throw new RangeError('There are bytes after the end.');
  const readings: Reading[] = [];
  for (const [i, sampling] of order.samplings.entries())
    for (const index of order.shapes[sampling] ?? []) {
      const column = columns[index];
      const cell = column?.cells[column.next++];
      if (column === undefined || cell === undefined) throw new RangeError('A tag has too few readings.');
      readings.push({ tag: column.tag, at: order.times[i] ?? 0, ...cell });
    }
  return readings;
}

/** Reads what `encodeBatch` wrote. Throws `BadBatch` on anything else, in bounded time and memory. */
export function decodeBatch(bytes: Uint8Array): Reading[] {
  if (bytes[0] !== VERSION)
    throw new BadBatch(`This is a batch of version ${bytes[0] ?? 'none'}; version ${VERSION} is known here.`);
  try {
    const body = inflateRawSync(bytes.subarray(1), { maxOutputLength: LARGEST_BODY });
    return readBody(new ByteReader(body));
  } catch (cause) {
    throw new BadBatch('The bytes of a batch are damaged.', { cause });
  }
}
