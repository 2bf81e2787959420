import { randomUUID } from 'node:crypto';
import { mkdir, unlink } from 'node:fs/promises';
import { crashPoint } from '../../platform/crash/point.ts';
import type { Logger } from '../../platform/log.ts';
import { inTurn } from '../../platform/in-turn.ts';
import type { AlarmChange } from '../alarms/change.ts';
import type { Quarantine } from './quarantine.ts';
import { changesIn, decodeRecord, encodeRecord, seqOf } from './record.ts';
import type { Batch, Numbered } from './record.ts';
import { levelLog } from './spool-level.ts';
import { createSegment, inspectSegments, readSegment, syncFolder } from './segment.ts';
import type { OpenSegment, SealedSegment, Segment } from './segment.ts';

/** Batches that wait on the disk for the database, oldest first. One may append and one may take at a time. */
export interface Spool extends AsyncDisposable {
  /** The epoch of what this process numbers. */
  readonly epoch: string;
  readonly batches: number;
  readonly bytes: number;
  /** What the waiting batches may take. */
  readonly maxBytes: number;
  /** How full it is for readings, 0 to 1. */
  readonly fill: number;
  /** What an earlier process left of each alarm: its newest change. The database may not know of it yet. */
  readonly left: readonly AlarmChange[];
  /**
   * Settles once the batch is on the disk. Rejects with `SpoolFull` beyond the budget, or as the disk does. A part of the
   * budget is for batches without readings alone: alarms are few, and must not wait for room.
   */
  append(batch: Batch, seq: number): Promise<void>;
  /** The oldest batches, none only if the spool is empty, together about as large as `readings`. */
  oldest(readings: number): Promise<readonly Numbered[]>;
  /** Forgets the oldest batches: they are safe elsewhere. */
  drop(count: number): Promise<void>;
}

export interface SpoolOptions {
  readonly folder: string;
  /** What the waiting batches may take on the disk. */
  readonly maxBytes: number;
  readonly quarantine: Quarantine;
  readonly log: Logger;
  readonly segmentBytes?: number;
}

export class SpoolFull extends Error {
  override name = 'SpoolFull';
}

const SEGMENT_BYTES = 8 * 1024 * 1024;
const RESERVE_SHARE = 1 / 8;
const LARGEST_RESERVE = 32 * 1024 * 1024;
const reserveOf = (maxBytes: number): number => Math.min(maxBytes * RESERVE_SHARE, LARGEST_RESERVE);

/** The end of the spool: an open segment, once there is something to keep. */
function spoolEnd(
  segments: Segment[],
  epoch: string,
  { folder, segmentBytes = SEGMENT_BYTES }: SpoolOptions,
) {
  const turn = inTurn();
  let number = segments.at(-1)?.number ?? 0;
  let open: OpenSegment | undefined;

  const close = async () => {
    const closing = open;
    open = undefined;
    await closing?.close();
  };
  const write = async (record: Buffer) => {
    if (open !== undefined && open.segment.bytes >= segmentBytes) await close();
    if (open === undefined) {
      open = await createSegment(folder, ++number, epoch);
      segments.push(open.segment);
    }
    try {
      await open.append(record);
    } catch (err) {
      // What the disk holds now is unknown, and must not be added to.
      await close();
      throw err;
    }
  };
  return {
    append: (record: Buffer) => turn(() => write(record)),
    /** From now on nothing is added to this segment. */
    seal: (segment: Segment) => turn(async () => (open?.segment === segment ? close() : undefined)),
    close: () => turn(close),
  };
}

/** Decodes a record. One that this version cannot read is put aside, and stands for nothing. */
async function decode(record: Buffer, epoch: string, quarantine: Quarantine): Promise<Numbered> {
  const seq = seqOf(record);
  try {
    return { epoch, seq, ...decodeRecord(record) };
  } catch (cause) {
    await quarantine.add([{ what: 'damaged bytes', content: record, cause }]);
    return { epoch, seq, readings: [], changes: [] };
  }
}

/** Keeps the newest change of each alarm in the records that it is shown. */
function newestChanges() {
  const changes = new Map<string, AlarmChange>();
  const seen = (record: Buffer) => {
    try {
      for (const change of changesIn(record)) changes.set(change.id, change);
    } catch {
      return; // who takes it out puts it aside, and says so
    }
  };
  return { seen, all: () => [...changes.values()] };
}

/** The oldest segment: what of it is done, and what was decoded but is not done yet. */
interface Front extends SealedSegment {
  done: number;
  taken: Numbered[];
}

/** The beginning of the spool. */
function spoolFront(segments: Segment[], seal: (segment: Segment) => Promise<void>, options: SpoolOptions) {
  const { folder, quarantine } = options;
  let front: Front | undefined;

  const openFirst = async (first: Segment): Promise<Front> => {
    await seal(first);
    const sealed = await readSegment(first, quarantine);
    first.batches = sealed.records.length;
    return { ...sealed, done: 0, taken: [] };
  };
  const take = async (from: Front, readings: number): Promise<readonly Numbered[]> => {
    const { taken, records, epoch, done } = from;
    let size = taken.reduce((sum, batch) => sum + batch.readings.length, 0);
    for (const record of records.slice(done + taken.length)) {
      if (size >= readings) break;
      const batch = await decode(record, epoch, quarantine);
      taken.push(batch);
      size += batch.readings.length;
    }
    return [...taken];
  };
  const removeFirst = async (first: Segment) => {
    await unlink(first.path);
    crashPoint('spool.removed');
    // Gone for good before anything behind it is stored: or a power cut would bring it back.
    await syncFolder(folder);
    segments.shift();
    front = undefined;
  };
  return {
    /** How many batches of the oldest segment are done. */
    get done() {
      return front?.done ?? 0;
    },
    async oldest(readings: number): Promise<readonly Numbered[]> {
      for (let first = segments[0]; first !== undefined; first = segments[0]) {
        front ??= await openFirst(first);
        if (front.done < front.records.length) return take(front, readings);
        await removeFirst(first);
      }
      return [];
    },
    async drop(count: number): Promise<void> {
      const [first] = segments;
      if (front === undefined || first === undefined) return;
      front.done += count;
      front.taken.splice(0, count);
      if (front.done >= front.records.length) await removeFirst(first);
    },
  };
}

/** Opens the spool of a folder, which no other process may use, with what an earlier process left in it. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { folder, maxBytes, log } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const epoch = randomUUID();
  const changes = newestChanges();
  const segments = await inspectSegments(folder, { log, seen: changes.seen });
  const end = spoolEnd(segments, epoch, options);
  const front = spoolFront(segments, end.seal, options);
  const bytes = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const forReadings = maxBytes - reserveOf(maxBytes);
  const sayLevel = levelLog(log);
  const fill = () => Math.min(1, bytes() / forReadings);

  return {
    epoch,
    left: changes.all(),
    maxBytes,
    get fill() {
      return fill();
    },
    get batches() {
      return segments.reduce((sum, segment) => sum + segment.batches, 0) - front.done;
    },
    get bytes() {
      return bytes();
    },
    async append(batch, seq) {
      const record = encodeRecord(batch, seq);
      const room = (batch.readings.length > 0 ? forReadings : maxBytes) - bytes();
      if (record.length > room)
        throw new SpoolFull(
          `The spool in ${folder} has ${Math.max(0, Math.floor(room))} of its ${maxBytes} bytes left for a batch of ${record.length}.`,
        );
      await end.append(record);
      sayLevel(fill());
    },
    oldest: (readings) => front.oldest(readings),
    drop: (count) => front.drop(count),
    [Symbol.asyncDispose]: end.close,
  };
}
