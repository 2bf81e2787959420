import { open, readdir, readFile, stat, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { crashPoint } from '../../platform/crash/point.ts';
import type { Logger } from '../../platform/log.ts';
import type { Quarantine } from './quarantine.ts';
import { scanRecords } from './record.ts';

/** A file of records, all of one epoch. */
export interface Segment {
  readonly path: string;
  readonly number: number;
  bytes: number;
  batches: number;
}

export interface OpenSegment {
  readonly segment: Segment;
  /** Settles once the record is on the disk. After a rejection the segment must be closed. */
  append(record: Buffer): Promise<void>;
  close(): Promise<void>;
}

const SIGNATURE = Buffer.from('PSPOOL1\n');
const HEADER = SIGNATURE.length + 16;

const uuidOf = (bytes: Buffer) =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** A file that was made or removed stays so through a power cut only once its folder was synced. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

/** Makes the file of a segment, on the disk before anything is written to it. */
export async function createSegment(folder: string, number: number, epoch: string): Promise<OpenSegment> {
  const path = join(folder, `${String(number).padStart(10, '0')}.spool`);
  const handle = await open(path, 'wx', 0o600);
  const segment: Segment = { path, number, bytes: HEADER, batches: 0 };
  try {
    await handle.appendFile(Buffer.concat([SIGNATURE, Buffer.from(epoch.replaceAll('-', ''), 'hex')]));
    await handle.sync();
    await syncFolder(folder);
    crashPoint('spool.created');
  } catch (err) {
    await handle.close();
    await unlink(path).catch(() => undefined); // an empty segment does no harm
    throw err;
  }
  return {
    segment,
    async append(record) {
      try {
        await handle.appendFile(record);
        crashPoint('spool.before_sync');
        await handle.datasync();
        crashPoint('spool.after_sync');
      } catch (err) {
        await handle.truncate(segment.bytes).catch(() => undefined); // a torn record is found by its checksum
        throw err;
      }
      segment.bytes += record.length;
      segment.batches++;
    },
    close: () => handle.close(),
  };
}

export interface Inspector {
  readonly log: Logger;
  /** Called with each whole record, oldest first. */
  readonly seen: (record: Buffer) => void;
}

/** Takes stock of a segment. What follows the last whole record of the newest one was never acknowledged. */
async function inspect(path: string, newest: boolean, { log, seen }: Inspector): Promise<Segment | null> {
  const bytes = await readFile(path);
  const { records, end } = scanRecords(bytes, HEADER);
  records.forEach(seen);
  if (newest && end !== bytes.length) {
    log.warn(
      { path, bytes: bytes.length - end },
      'The spool ends in the middle of a batch; that is cut off.',
    );
    if (bytes.length > end) await truncate(path, end);
  }
  if (newest && records.length === 0) {
    await unlink(path);
    return null;
  }
  const { size } = await stat(path);
  return { path, number: parseInt(path.slice(-16)), bytes: size, batches: records.length };
}

/** The segments that an earlier process left, oldest first. */
export async function inspectSegments(folder: string, inspector: Inspector): Promise<Segment[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{10}\.spool$/.test(name)).sort();
  const segments: Segment[] = [];
  for (const name of names) {
    const segment = await inspect(join(folder, name), name === names.at(-1), inspector);
    if (segment !== null) segments.push(segment);
  }
  return segments;
}

/** A segment that nobody adds to. */
export interface SealedSegment {
  readonly epoch: string;
  readonly records: readonly Buffer[];
}

/** Reads a segment. Bytes that were damaged are put aside, and the rest goes on. */
export async function readSegment({ path }: Segment, quarantine: Quarantine): Promise<SealedSegment> {
  const bytes = await readFile(path);
  const { records, damaged, end } = scanRecords(bytes, HEADER);
  const tail = end < bytes.length ? [bytes.subarray(end)] : [];
  const cause = new Error(`A checksum in ${path} does not fit.`);
  await quarantine.add([...damaged, ...tail].map((content) => ({ what: 'damaged bytes', content, cause })));
  return { epoch: uuidOf(bytes.subarray(SIGNATURE.length, HEADER)), records };
}
