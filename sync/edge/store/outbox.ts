import { crc32 } from 'node:zlib';
import { decodeBatch, encodeBatch } from '../../../history/batch.ts';
import type { Reading } from '../../../history/reading.ts';
import { selectWindow } from '../../../history/store/readings.ts';
import { crashPoint } from '../../../platform/crash/point.ts';
import type { Db } from '../../../platform/database/db.ts';
import { instant } from '../../../platform/database/instant.ts';
import type { Segment, SegmentKind, SiteEvent } from '../../wire.ts';

type Stream = Segment['stream'];

/** Readings in one segment: keeps a request small, also where a backlog of history is stored in one transaction. */
const MAX_READINGS = 20_000;
/** Long texts make large segments: such a one is cut in halves. */
const MAX_BYTES = 1_000_000;

/** Puts what it was made of into the outbox, inside of a transaction; in another one again, where that failed. */
export type Enqueue = (tx: Db) => Promise<void>;

/** What the gateway's transactions hand to the centre: it is sent exactly if the transaction commits. */
export interface Outbox {
  /** Encodes readings for the outbox. */
  segmentsOf(readings: readonly Reading[]): Enqueue;
  enqueueEvent(tx: Db, ...events: readonly SiteEvent[]): Promise<void>;
}

/** One round trip a segment. */
function segmentsOf(readings: readonly Reading[]): Enqueue {
  const segments: Sealed[] = [];
  for (let from = 0; from < readings.length; from += MAX_READINGS)
    segments.push(
      ...seal(
        from === 0 && readings.length <= MAX_READINGS ? readings : readings.slice(from, from + MAX_READINGS),
      ),
    );
  return async (tx) => {
    for (const { facts, payload } of segments) await append(tx, facts, payload);
  };
}

interface Sealed {
  readonly facts: Facts;
  readonly payload: Uint8Array;
}

function seal(readings: readonly Reading[]): Sealed[] {
  const payload = encodeBatch(readings);
  const n = readings.length;
  if (payload.byteLength > MAX_BYTES && n > 1)
    return [...seal(readings.slice(0, n / 2)), ...seal(readings.slice(n / 2))];
  let tMin = Infinity;
  let tMax = -Infinity;
  for (const { at } of readings) {
    tMin = Math.min(tMin, at);
    tMax = Math.max(tMax, at);
  }
  return [{ facts: { stream: 'readings', kind: 'readings-1', n, tMin, tMax }, payload }];
}

export const enqueueReadings = (tx: Db, readings: readonly Reading[]): Promise<void> =>
  segmentsOf(readings)(tx);

export async function enqueueEvent(tx: Db, ...events: readonly SiteEvent[]): Promise<void> {
  if (events.length === 0) return;
  const now = Date.now();
  await append(
    tx,
    { stream: 'events', kind: 'events-1', n: events.length, tMin: now, tMax: now },
    Buffer.from(JSON.stringify(events)),
  );
}

/** Where a centre is configured. */
export const outbox: Outbox = { segmentsOf, enqueueEvent };

/** Where there is no centre: nothing is kept for it. */
export const noOutbox: Outbox = {
  segmentsOf: () => () => Promise.resolve(),
  enqueueEvent: () => Promise.resolve(),
};

interface Facts extends Pick<Segment, 'stream' | 'n' | 'tMin' | 'tMax'> {
  readonly kind: SegmentKind;
}

const APPEND = {
  name: 'append segment',
  text: `with counted as (
       update sync_streams set next_seq = next_seq + 1 where stream = $1 returning epoch, next_seq - 1 as seq
     )
     insert into sync_outbox (stream, epoch, seq, kind, n, t_min, t_max, crc, payload)
     select $1, epoch, seq, $2, $3, $4, $5, $6, $7 from counted`,
};

async function append(tx: Db, facts: Facts, payload: Uint8Array): Promise<void> {
  await tx.query(APPEND, [
    facts.stream,
    facts.kind,
    facts.n,
    instant(facts.tMin),
    instant(facts.tMax),
    crc32(payload),
    payload,
  ]);
  crashPoint('outbox.frozen');
}

/** A segment as it waits to be sent. */
export interface Waiting extends Segment {
  readonly payload: Buffer;
}

interface Row {
  stream: Stream;
  epoch: string;
  seq: number;
  kind: string;
  n: number;
  t_min: Date;
  t_max: Date;
  crc: number;
  /** Null: the readings of its time, from the store. */
  payload: Buffer | null;
}

/** The oldest segments of a stream that may be sent now, in order. */
export async function selectUnsent(db: Db, stream: Stream, limit: number): Promise<Waiting[]> {
  const rows = await db.query<Row>(
    `select stream, epoch, seq, kind, n, t_min, t_max, crc, payload from sync_outbox
     where stream = $1 and (held_until is null or held_until < now())
     order by seq limit $2`,
    [stream, limit],
  );
  const waiting: Waiting[] = [];
  for (const row of rows) waiting.push(toWaiting(row.payload === null ? await refill(db, row) : row));
  return waiting;
}

/** Gives an emptied segment a payload again, for good: sent again it must be the same. */
export async function refill(
  db: Db,
  row: Pick<Row, 'stream' | 'epoch' | 'seq' | 't_min' | 't_max'>,
): Promise<Row> {
  const payload = Buffer.from(encodeBatch(await selectWindow(db, row.t_min, row.t_max)));
  const [filled] = await db.query<Row>(
    `update sync_outbox set payload = $4, crc = $5, n = $6 where stream = $1 and epoch = $2 and seq = $3
     returning stream, epoch, seq, kind, n, t_min, t_max, crc, payload`,
    [row.stream, row.epoch, row.seq, payload, crc32(payload), decodeBatch(payload).length],
  );
  if (filled === undefined)
    throw new Error(`Segment ${row.seq} of '${row.stream}' is not in the outbox any more.`);
  return filled;
}

const toWaiting = (row: Row): Waiting => ({
  stream: row.stream,
  epoch: row.epoch,
  seq: row.seq,
  kind: row.kind,
  n: row.n,
  tMin: row.t_min.getTime(),
  tMax: row.t_max.getTime(),
  crc: row.crc,
  payload: row.payload ?? Buffer.alloc(0),
});

/** Takes away what was sent, unless the segment has come to stand for more since then. */
export async function deleteAcknowledged(db: Db, { stream, epoch, seq, crc }: Segment): Promise<void> {
  await db.query(`delete from sync_outbox where stream = $1 and epoch = $2 and seq = $3 and crc = $4`, [
    ...[stream, epoch, seq, crc],
  ]);
}

/** Keeps a segment that the centre refuses for later, so that those behind it go on. */
export async function holdSegment(db: Db, segment: Segment, refusal: string, holdMs: number): Promise<void> {
  await db.query(
    `update sync_outbox set held_until = $4, refusal = $5 where stream = $1 and epoch = $2 and seq = $3`,
    [segment.stream, segment.epoch, segment.seq, new Date(Date.now() + holdMs), refusal],
  );
}

/** Begins the numbering anew, from 1, for all that waits: the centre knows other segments by these numbers. */
export const renewEpochs = (db: Db): Promise<void> => db.transaction(renumber);

/** Makes sure that all numbers are for this site: where it was enrolled anew, they begin again. */
export const claimOutbox = (db: Db, site: string): Promise<void> =>
  db.transaction(async (tx) => {
    const changed = await tx.query(
      `update sync_inbox set site = $1, epoch = null, position = 0 where site is distinct from $1 returning one`,
      [site],
    );
    if (changed.length > 0) await renumber(tx);
  });

async function renumber(tx: Db): Promise<void> {
  await tx.query(`update sync_streams set epoch = gen_random_uuid(), next_seq = 1`);
  await tx.query(
    `update sync_outbox o set epoch = s.epoch, seq = numbered.place
     from sync_streams s, (
       select stream, epoch, seq, row_number() over (partition by stream order by seq) as place from sync_outbox
     ) numbered
     where s.stream = o.stream
       and numbered.stream = o.stream and numbered.epoch = o.epoch and numbered.seq = o.seq`,
  );
  await tx.query(
    `update sync_streams s set next_seq = waiting.n + 1
     from (select stream, count(*) as n from sync_outbox group by stream) waiting
     where waiting.stream = s.stream`,
  );
}

/** How many segments wait. Estimated from the numbers: exact unless some are held. */
export async function countWaiting(db: Db): Promise<number> {
  const [row] = await db.query<{ n: string }>(
    `select coalesce(sum(n), 0) as n from (
       select max(seq) - min(seq) + 1 as n from sync_outbox group by stream, epoch
     ) streams`,
  );
  return Number(row?.n ?? 0);
}
