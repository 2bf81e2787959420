import type { ByteWriter } from './bytes.ts';
import { isPlain, writeColumn, writePlain } from './column.ts';
import type { Reading, TagId } from './reading.ts';
import { writeTimes } from './times.ts';

// What is done for every reading uses arrays of plain numbers alone: an object for each of thousands of tags would cost
// more than all the rest.

/** The columns of a batch, one a tag, in the order in which they first came. */
interface Columns {
  readonly tags: readonly TagId[];
  /** Each reading's column. */
  readonly columnOf: Uint32Array;
  /** The numbers of readings, column by column; where each column ends in it. */
  readonly rows: Uint32Array;
  readonly ends: Uint32Array;
}

function checked(reading: Reading, index: number): void {
  const { tag, at, quality } = reading;
  const fault = !Number.isFinite(at)
    ? `the time ${at}`
    : !Number.isSafeInteger(tag) || tag < 0
      ? `the tag ${tag}`
      : !Number.isInteger(quality) || quality < 0 || quality > 0x7fff
        ? `the quality ${quality}`
        : null;
  if (fault !== null) throw new RangeError(`Reading ${index} of a batch has ${fault}, which cannot be kept.`);
}

function columnsOf(readings: readonly Reading[]): Columns {
  const indexes = new Map<TagId, number>();
  const columnOf = new Uint32Array(readings.length);
  for (const [i, reading] of readings.entries()) {
    checked(reading, i);
    let index = indexes.get(reading.tag);
    if (index === undefined) indexes.set(reading.tag, (index = indexes.size));
    columnOf[i] = index;
  }
  // A counting sort: how many a column has, hence where it begins; each reading placed moves that on to its end.
  const ends = new Uint32Array(indexes.size + 1);
  for (const column of columnOf) ends[column + 1] = (ends[column + 1] ?? 0) + 1;
  for (let column = 1; column < ends.length; column++)
    ends[column] = (ends[column] ?? 0) + (ends[column - 1] ?? 0);
  const rows = new Uint32Array(readings.length);
  for (const [i, column] of columnOf.entries()) {
    const place = ends[column] ?? 0;
    rows[place] = i;
    ends[column] = place + 1;
  }
  return { tags: [...indexes.keys()], columnOf, rows, ends };
}

/** Where among all readings something begins, and how many there are. */
interface Stretch {
  readonly from: number;
  readonly length: number;
}

/** Readings of the same time next to each other were sampled together. */
function samplingsOf(readings: readonly Reading[]): Stretch[] {
  const samplings: Stretch[] = [];
  let from = 0;
  for (let i = 1; i <= readings.length; i++) {
    if (i < readings.length && readings[i]?.at === readings[from]?.at) continue;
    samplings.push({ from, length: i - from });
    from = i;
  }
  return samplings;
}

/** Which tags a sampling has, in which order: the different ones, each by its first sampling, and the one of each. */
function shapesOf(samplings: readonly Stretch[], columnOf: Uint32Array) {
  const shapes: Stretch[] = [];
  const alike = new Map<string, number[]>();
  const same = (one: Stretch, other: Stretch): boolean => {
    for (let i = 0; i < one.length; i++)
      if (columnOf[one.from + i] !== columnOf[other.from + i]) return false;
    return true;
  };
  const shapeOf = samplings.map((sampling) => {
    const key = `${sampling.length} ${columnOf[sampling.from]}`;
    const known = alike.get(key) ?? [];
    const found = known.find((shape) => {
      const other = shapes[shape];
      return other !== undefined && same(sampling, other);
    });
    if (found !== undefined) return found;
    alike.set(key, [...known, shapes.length]);
    return shapes.push(sampling) - 1;
  });
  return { shapes, shapeOf };
}

function writeOrder(to: ByteWriter, readings: readonly Reading[], columnOf: Uint32Array): void {
  const samplings = samplingsOf(readings);
  const { shapes, shapeOf } = shapesOf(samplings, columnOf);
  to.unsigned(shapes.length);
  for (const { from, length } of shapes) {
    to.unsigned(length);
    let before = -1;
    for (let i = from; i < from + length; i++) {
      const column = columnOf[i] ?? 0;
      to.signed(column - before - 1);
      before = column;
    }
  }
  to.unsigned(samplings.length);
  for (const shape of shapeOf) to.unsigned(shape);
  writeTimes(
    to,
    shapeOf,
    samplings.map(({ from }) => readings[from]?.at ?? 0),
  );
}

/** Puts a column's values into `values`; false where they are not all that there is to say. */
function gather(
  readings: readonly Reading[],
  rows: Uint32Array,
  values: Float64Array,
  { from, length }: Stretch,
): boolean {
  for (let place = from; place < from + length; place++) {
    const reading = readings[rows[place] ?? 0];
    if (reading === undefined || !isPlain(reading)) return false;
    values[place] = reading.cleaned ?? 0;
  }
  return true;
}

/** Writes tags, order, and a column for each tag. Refuses what cannot be kept with a `RangeError`. */
export function writeReadings(to: ByteWriter, readings: readonly Reading[]): void {
  const { tags, columnOf, rows, ends } = columnsOf(readings);
  to.unsigned(tags.length);
  let before = 0;
  for (const tag of tags) {
    to.signed(tag - before);
    before = tag;
  }
  writeOrder(to, readings, columnOf);
  const values = new Float64Array(readings.length);
  let from = 0;
  for (const end of ends.subarray(0, tags.length)) {
    if (gather(readings, rows, values, { from, length: end - from })) writePlain(to, values, from, end);
    else
      writeColumn(
        to,
        [...rows.subarray(from, end)].flatMap((row) => readings[row] ?? []),
      );
    from = end;
  }
}
