import type { ColumnType, CopyTarget } from './db.ts';

/** Milliseconds from the Unix epoch to 2000-01-01, where PostgreSQL counts from. */
const EPOCH_2000_MS = 946_684_800_000;
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** A buffer that grows as it is written to. Numbers go by its view, which is several times quicker than its own methods. */
export interface Sink {
  bytes: Buffer;
  view: DataView;
  at: number;
}

const viewOf = ({ buffer, byteOffset, length }: Buffer): DataView => new DataView(buffer, byteOffset, length);

function emptySink(size: number): Sink {
  const bytes = Buffer.allocUnsafe(size);
  return { bytes, view: viewOf(bytes), at: 0 };
}

type Write = (sink: Sink, value: unknown) => void;

function room(sink: Sink, size: number): void {
  const needed = sink.at + size;
  if (needed <= sink.bytes.length) return;
  const larger = Buffer.allocUnsafe(Math.max(needed, sink.bytes.length * 2));
  sink.bytes.copy(larger, 0, 0, sink.at);
  sink.bytes = larger;
  sink.view = viewOf(larger);
}

/** Opens a field of `size` bytes and returns where its content begins. */
function field(sink: Sink, size: number): number {
  room(sink, size + 4);
  sink.view.setInt32(sink.at, size);
  const start = sink.at + 4;
  sink.at = start + size;
  return start;
}

function wrong(expected: string): never {
  throw new TypeError(`expected ${expected}`);
}

function integer(value: unknown, lowest: number, highest: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < lowest || value > highest)
    wrong(`a whole number from ${lowest} to ${highest}`);
  return value;
}

function writeLong(sink: Sink, value: number | bigint): void {
  const start = field(sink, 8);
  if (typeof value === 'bigint') {
    sink.view.setBigInt64(start, value);
    return;
  }
  const high = Math.floor(value / 0x1_0000_0000);
  sink.view.setInt32(start, high);
  sink.view.setUint32(start + 4, value - high * 0x1_0000_0000);
}

const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

function int8(sink: Sink, value: unknown): void {
  if (typeof value === 'bigint' && value >= LONG_MIN && value <= LONG_MAX) writeLong(sink, value);
  else if (Number.isSafeInteger(value)) writeLong(sink, value as number);
  else wrong('a safe whole number or a bigint of 64 bits');
}

export function int2(sink: Sink, value: unknown): void {
  const number = integer(value, -0x8000, 0x7fff);
  const start = field(sink, 2);
  sink.view.setInt16(start, number);
}

export function int4(sink: Sink, value: unknown): void {
  const number = integer(value, -0x8000_0000, 0x7fff_ffff);
  const start = field(sink, 4);
  sink.view.setInt32(start, number);
}

export function float8(sink: Sink, value: unknown): void {
  if (typeof value !== 'number') wrong('a number');
  const start = field(sink, 8);
  sink.view.setFloat64(start, value);
}

/** Microseconds since 2000: the whole milliseconds and the fraction apart, so that neither is rounded by the other. */
export function timestamptz(sink: Sink, value: unknown): void {
  const ms = value instanceof Date ? value.getTime() : value;
  if (typeof ms !== 'number' || Number.isNaN(ms)) wrong('a time in milliseconds since the epoch, or a Date');
  if (!Number.isFinite(ms)) {
    writeLong(sink, ms > 0 ? LONG_MAX : LONG_MIN);
    return;
  }
  const whole = Math.floor(ms);
  const micros = (whole - EPOCH_2000_MS) * 1000 + Math.round((ms - whole) * 1000);
  if (Number.isSafeInteger(micros)) writeLong(sink, micros);
  else if (Math.abs(ms) <= 8.64e15) writeLong(sink, BigInt(whole - EPOCH_2000_MS) * 1000n);
  else wrong('a time that a Date can hold');
}

export function text(sink: Sink, value: unknown): void {
  if (typeof value !== 'string') wrong('a string');
  if (value.includes('\0')) wrong('a string without NUL characters, which PostgreSQL cannot store');
  const start = field(sink, Buffer.byteLength(value));
  sink.bytes.write(value, start);
}

function jsonb(sink: Sink, value: unknown): void {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) wrong('a value that JSON can hold');
  const start = field(sink, Buffer.byteLength(json) + 1);
  sink.bytes[start] = 1; // the version of jsonb's binary form
  sink.bytes.write(json, start + 1);
}

function bytea(sink: Sink, value: unknown): void {
  if (!(value instanceof Uint8Array)) wrong('a Uint8Array');
  const start = field(sink, value.length); // may move `sink.bytes`
  sink.bytes.set(value, start);
}

function uuid(sink: Sink, value: unknown): void {
  if (typeof value !== 'string' || !UUID.test(value)) wrong('a uuid');
  const start = field(sink, 16);
  sink.bytes.write(value.replaceAll('-', ''), start, 'hex');
}

const writers: Readonly<Record<ColumnType, Write>> = {
  int2,
  int4,
  int8,
  float8,
  text,
  bytea,
  timestamptz,
  bool: (sink, value) => {
    if (typeof value !== 'boolean') wrong('true or false');
    const start = field(sink, 1);
    sink.bytes[start] = value ? 1 : 0;
  },
  jsonb,
  uuid,
};

/** A field without a value. */
export function missing(sink: Sink): void {
  room(sink, 4);
  sink.view.setInt32(sink.at, -1);
  sink.at += 4;
}

const encodeValue = (sink: Sink, write: Write | undefined, value: unknown): void =>
  write === undefined || value === null || value === undefined ? missing(sink) : write(sink, value);

/** Begins a binary COPY of about so many bytes: for each row `beginRow` and its fields, then `endRows`. */
export function beginRows(bytes: number): Sink {
  const sink = emptySink(64 + bytes);
  sink.at += HEADER.copy(sink.bytes);
  return sink;
}

export function beginRow(sink: Sink, fields: number): void {
  room(sink, 2);
  sink.view.setInt16(sink.at, fields);
  sink.at += 2;
}

export function endRows(sink: Sink): Buffer {
  beginRow(sink, -1);
  return sink.bytes.subarray(0, sink.at);
}

/** Rows in PostgreSQL's binary COPY format. A value that does not fit its column is an error naming row and column. */
export function encodeRows({ table, columns }: CopyTarget, rows: readonly (readonly unknown[])[]): Buffer {
  const names = Object.keys(columns);
  const write = Object.values(columns).map((type) => writers[type]);
  const sink = beginRows(rows.length * (2 + names.length * 14));
  for (const [index, row] of rows.entries()) {
    if (row.length !== names.length)
      throw new TypeError(`Row ${index} for ${table} has ${row.length} values; ${names.length} are due.`);
    beginRow(sink, names.length);
    for (let column = 0; column < write.length; column++) {
      try {
        encodeValue(sink, write[column], row[column]);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new TypeError(`Row ${index} for ${table}.${names[column]}: ${reason}.`, { cause });
      }
    }
  }
  return endRows(sink);
}

const quoted = (name: string): string =>
  name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');

/** `copy "readings" ("time", "tag_id") from <source>`, in text form. A dot in a table's name sets its schema apart. */
export function copyTextStatement(table: string, columns: readonly string[], source: string): string {
  const names = columns.map((name) => `"${name.replaceAll('"', '""')}"`);
  return `copy ${quoted(table)} (${names.join(', ')}) from ${source}`;
}

export const copyStatement = ({ table, columns }: CopyTarget, source: string): string =>
  `${copyTextStatement(table, Object.keys(columns), source)} (format binary)`;
