import { crc32 } from 'node:zlib';
import { decodeBatch, encodeBatch } from '../../../history/batch.ts';
import { selectWindow } from '../../../history/store/readings.ts';
import type { Db } from '../../../platform/database/db.ts';
import type { Segment } from '../../wire.ts';

type Stream = Segment['stream'];

/** A segment as it waits to be sent. */
export interface Waiting extends Segment {
  readonly payload: Buffer;
}

interface Row {
  stream: Stream;
  epoch: string;
  seq: number;
  through: number;
  kind: string;
  n: number;
  t_min: Date;
  t_max: Date;
  crc: number;
  /** Null: the readings of its time, from the store. */
  payload: Buffer | null;
  frozen: boolean;
  bulk: boolean;
}

const SELECTED = `stream, epoch, seq, coalesce(through, seq) as through, kind, n, t_min, t_max, crc, payload, frozen, bulk`;

/** Which segment is to be sent next. */
export interface Wanted {
  readonly stream: Stream;
  /** Of readings: those numbered from here on that are not in bulk, or all others; null: any. */
  readonly part: { readonly name: 'live' | 'backlog'; readonly from: number } | null;
  /** Numbers of those that are under way. */
  readonly underWay: readonly number[];
  /** A segment that is made of several stays below this. */
  readonly mostBytes: number;
}

const PARTS = {
  live: 'and seq >= $3 and not bulk',
  backlog: 'and (seq < $3 or bulk)',
} as const;

/**
 * The oldest segment that may be sent, with its neighbours as far as they fit. From then on it stays as it is until it
 * was acknowledged: whatever ends in between, the same bytes are sent again under the same numbers.
 */
export const takeSegment = (db: Db, wanted: Wanted): Promise<Waiting | null> =>
  db.transaction(async (tx) => {
    const { stream, part, underWay } = wanted;
    const [row] = await tx.query<Row>(
      `select ${SELECTED} from sync_outbox
       where stream = $1 and epoch = (select epoch from sync_streams where stream = $1)
         and (held_until is null or held_until < now()) and seq <> all($2::bigint[])
         ${part === null ? '' : PARTS[part.name]}
       order by seq limit 1 for update`,
      [stream, underWay, ...(part === null ? [] : [part.from])],
    );
    if (row === undefined) return null;
    if (row.payload === null) return toWaiting(await refill(tx, row));
    if (row.frozen) return toWaiting(row);
    return toWaiting(await freeze(tx, row, await neighbours(tx, row, wanted)));
  });

/** As much as one segment may hold, whatever its bytes. */
const MOST_ITEMS = 20_000;
const LONGEST_MS = 600_000;
/** A second flush of each of so many seconds. */
const LOOKED_AT = 600;

type Neighbour = Pick<Row, 'seq' | 'through' | 'n' | 't_min' | 't_max'> & { readonly bytes: number };

/** Those that follow without a gap, of the same kind, as many as fit. */
async function neighbours(tx: Db, first: Row, { part, mostBytes }: Wanted): Promise<Neighbour[]> {
  if (first.kind === 'corrections-1') return [];
  const rows = await tx.query<Neighbour>(
    `select seq, coalesce(through, seq) as through, n, t_min, t_max, octet_length(payload) as bytes
     from sync_outbox
     where stream = $1 and epoch = $2 and seq > $3 and kind = $4 and bulk = $5
       and not frozen and payload is not null and held_until is null
       and ($6::bigint is null or seq < $6)
     order by seq limit ${LOOKED_AT} for update`,
    [
      first.stream,
      first.epoch,
      first.seq,
      first.kind,
      first.bulk,
      part?.name === 'backlog' && !first.bulk ? part.from : null,
    ],
  );
  let { through, n } = first;
  let bytes = first.payload?.byteLength ?? 0;
  const [from, to] = [first.t_min.getTime(), first.t_max.getTime()];
  const fits = (next: Neighbour): boolean => {
    if (next.seq !== through + 1) return false;
    [through, n, bytes] = [next.through, n + next.n, bytes + next.bytes];
    const span = Math.max(to, next.t_max.getTime()) - Math.min(from, next.t_min.getTime());
    return n <= MOST_ITEMS && bytes <= mostBytes && span <= LONGEST_MS;
  };
  const end = rows.findIndex((row) => !fits(row));
  return end === -1 ? rows : rows.slice(0, end);
}

const joined: Readonly<Record<Stream, (payloads: readonly Buffer[]) => Uint8Array>> = {
  readings: (payloads) => encodeBatch(payloads.flatMap((each) => decodeBatch(each))),
  events: (payloads) =>
    Buffer.from(JSON.stringify(payloads.flatMap((each) => JSON.parse(each.toString()) as unknown[]))),
};

/** Makes one segment of a row and those that follow it. */
async function freeze(tx: Db, first: Row, others: readonly Neighbour[]): Promise<Row> {
  const { stream, epoch, seq } = first;
  const last = others.at(-1);
  if (last === undefined) {
    await tx.query(`update sync_outbox set frozen = true where stream = $1 and epoch = $2 and seq = $3`, [
      ...[stream, epoch, seq],
    ]);
    return first;
  }
  const gone = await tx.query<{ seq: number; payload: Buffer }>(
    `delete from sync_outbox where stream = $1 and epoch = $2 and seq > $3 and seq <= $4 returning seq, payload`,
    [stream, epoch, seq, last.seq],
  );
  const rest = gone.toSorted((a, b) => a.seq - b.seq).map(({ payload }) => payload);
  const payload = joined[stream]([first.payload ?? Buffer.alloc(0), ...rest]);
  const times = [first, ...others];
  const [one] = await tx.query<Row>(
    `update sync_outbox set payload = $4, crc = $5, n = $6, t_min = $7, t_max = $8, through = $9, frozen = true
     where stream = $1 and epoch = $2 and seq = $3 returning ${SELECTED}`,
    [
      ...[stream, epoch, seq, payload, crc32(payload), times.reduce((sum, { n }) => sum + n, 0)],
      new Date(Math.min(...times.map(({ t_min }) => t_min.getTime()))),
      new Date(Math.max(...times.map(({ t_max }) => t_max.getTime()))),
      last.through,
    ],
  );
  if (one === undefined) throw new Error(`Segment ${seq} of '${stream}' is not in the outbox any more.`);
  return one;
}

/** Gives an emptied segment a payload again, for good: sent again it must be the same. */
export async function refill(
  db: Db,
  row: Pick<Row, 'stream' | 'epoch' | 'seq' | 't_min' | 't_max'>,
): Promise<Row> {
  const readings = await selectWindow(db, row.t_min, row.t_max);
  const payload = Buffer.from(encodeBatch(readings));
  const [filled] = await db.query<Row>(
    `update sync_outbox set payload = $4, crc = $5, n = $6, frozen = true
     where stream = $1 and epoch = $2 and seq = $3 returning ${SELECTED}`,
    [row.stream, row.epoch, row.seq, payload, crc32(payload), readings.length],
  );
  if (filled === undefined)
    throw new Error(`Segment ${row.seq} of '${row.stream}' is not in the outbox any more.`);
  return filled;
}

const toWaiting = ({ t_min, t_max, payload, ...row }: Row): Waiting => ({
  stream: row.stream,
  epoch: row.epoch,
  seq: row.seq,
  through: row.through,
  kind: row.kind,
  n: row.n,
  tMin: t_min.getTime(),
  tMax: t_max.getTime(),
  crc: row.crc,
  payload: payload ?? Buffer.alloc(0),
});

/** Takes away what was sent, unless the segment has come to stand for something else since then. */
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

/** How many segments wait. */
export async function countWaiting(db: Db): Promise<number> {
  const [row] = await db.query<{ n: number }>(`select count(*)::int as n from sync_outbox`);
  return row?.n ?? 0;
}

/** The next number of each stream: it grows when something comes to wait. */
export async function selectNext(db: Db): Promise<Readonly<Record<Stream, number>>> {
  const rows = await db.query<{ stream: Stream; next: number }>(
    `select stream, next_seq::float8 as next from sync_streams`,
  );
  const next = { events: 1, readings: 1 };
  for (const row of rows) next[row.stream] = row.next;
  return next;
}
