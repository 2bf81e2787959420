import { crc32 } from 'node:zlib';
import { decodeBatch, encodeBatch } from '../../history/batch.ts';
import type { Reading } from '../../history/reading.ts';
import type { Loss } from '../../history/store/losses.ts';
import type { AlarmChange } from '../alarms/change.ts';
import type { Store } from './commit.ts';

/** What one transaction stores. */
export interface Batch {
  readonly readings: readonly Reading[];
  readonly changes: readonly AlarmChange[];
  readonly losses?: readonly Loss[];
}

/** A batch with its number: gapless or not, it grows within the epoch. */
export interface Numbered extends Batch {
  readonly epoch: string;
  readonly seq: number;
  /** Ready to be stored as it is, where somebody had the time. */
  readonly store?: Store | undefined;
}

// A record is magic, length of the content and its CRC; the content is seq, length of the readings, readings, and in JSON
// the changes, or changes and losses.
const MAGIC = 0x52_4b_53_50;
const HEADER = 12;
const CONTENT_HEADER = 12;

export function encodeRecord({ readings, changes, losses = [] }: Batch, seq: number): Buffer {
  const batch = encodeBatch(readings);
  const json = Buffer.from(JSON.stringify(losses.length === 0 ? changes : { changes, losses }));
  const length = CONTENT_HEADER + batch.length + json.length;
  const bytes = Buffer.alloc(HEADER + length);
  bytes.writeDoubleLE(seq, HEADER);
  bytes.writeUInt32LE(batch.length, HEADER + 8);
  bytes.set(batch, HEADER + CONTENT_HEADER);
  bytes.set(json, HEADER + CONTENT_HEADER + batch.length);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(length, 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER)), 8);
  return bytes;
}

export const seqOf = (record: Buffer): number => record.readDoubleLE(HEADER);

const READINGS = HEADER + CONTENT_HEADER;
const readingsEnd = (record: Buffer): number => READINGS + record.readUInt32LE(HEADER + 8);

type Rest = Omit<Batch, 'readings'>;
const restOf = (record: Buffer) =>
  JSON.parse(record.toString('utf8', readingsEnd(record))) as AlarmChange[] | Rest;

/** The alarm changes of a record, whose readings are not looked at. Throws as `decodeRecord` does. */
export function changesIn(record: Buffer): readonly AlarmChange[] {
  const rest = restOf(record);
  return 'losses' in rest ? rest.changes : (rest as AlarmChange[]);
}

/** Throws where the content is not what `encodeRecord` wrote, although its CRC is right. */
export function decodeRecord(record: Buffer): Batch {
  const rest = restOf(record);
  const readings = decodeBatch(record.subarray(READINGS, readingsEnd(record)));
  return 'losses' in rest ? { ...rest, readings } : { readings, changes: rest as AlarmChange[] };
}

/** The whole record that begins here, or null where none does. */
function recordAt(bytes: Buffer, at: number): Buffer | null {
  if (at + HEADER + CONTENT_HEADER > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return null;
  const end = at + HEADER + bytes.readUInt32LE(at + 4);
  if (end > bytes.length || end < at + HEADER + CONTENT_HEADER) return null;
  return crc32(bytes.subarray(at + HEADER, end)) === bytes.readUInt32LE(at + 8)
    ? bytes.subarray(at, end)
    : null;
}

const MAGIC_BYTES = Buffer.from(Uint32Array.of(MAGIC).buffer);

function nextRecord(bytes: Buffer, from: number): number | null {
  for (let at = bytes.indexOf(MAGIC_BYTES, from); at >= 0; at = bytes.indexOf(MAGIC_BYTES, at + 1))
    if (recordAt(bytes, at) !== null) return at;
  return null;
}

export interface Scan {
  readonly records: readonly Buffer[];
  /** Bytes between records that are none. */
  readonly damaged: readonly Buffer[];
  /** Where the last record ends. */
  readonly end: number;
}

/** Finds the records from an offset on, also behind bytes that were damaged. */
export function scanRecords(bytes: Buffer, from: number): Scan {
  const records: Buffer[] = [];
  const damaged: Buffer[] = [];
  let at = from;
  for (;;) {
    const record = recordAt(bytes, at);
    if (record !== null) {
      records.push(record);
      at += record.length;
      continue;
    }
    const next = nextRecord(bytes, at + 1);
    if (next === null) return { records, damaged, end: at };
    damaged.push(bytes.subarray(at, next));
    at = next;
  }
}
