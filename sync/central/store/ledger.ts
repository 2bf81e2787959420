import type { Db } from '../../../platform/database/db.ts';
import type { Segment } from '../../wire.ts';

/** A segment of a site. */
export interface Arrival {
  readonly site: string;
  readonly segment: Segment;
  readonly payload: Uint8Array;
}

const keyOf = ({ site, segment }: Arrival) => [site, segment.stream, segment.epoch, segment.seq];

/** True if the segment is new. It then counts as arrived exactly if the transaction commits. */
export async function insertArrival(tx: Db, arrival: Arrival): Promise<boolean> {
  const { kind, n, crc, tMax, seq, through = seq } = arrival.segment;
  const rows = await tx.query(
    `insert into sync_ledger (site, stream, epoch, seq, kind, n, crc, t_max, through)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning seq`,
    [...keyOf(arrival), kind, n, crc, new Date(tMax), through === seq ? null : through],
  );
  return rows.length > 0;
}

/** The checksum of what arrived under this segment's number before. */
export async function selectChecksum(tx: Db, arrival: Arrival): Promise<number | null> {
  const [row] = await tx.query<{ crc: number }>(
    `select crc from sync_ledger where site = $1 and stream = $2 and epoch = $3 and seq = $4`,
    keyOf(arrival),
  );
  return row?.crc ?? null;
}

/** How many numbers at most are looked at in one step; the rest follows with the next segment. */
const STEP = 500;

/**
 * Moves the mark up to which the stream has arrived without a gap. Last in a transaction: it holds a row. False where
 * the segment's numbers were pruned, or some of them came in another segment: it is not the one of then.
 */
export async function advanceProgress(tx: Db, arrival: Arrival): Promise<boolean> {
  const { site, segment } = arrival;
  const key = [site, segment.stream, segment.epoch];
  await tx.query(
    `insert into sync_progress (site, stream, epoch) values ($1, $2, $3) on conflict do nothing`,
    key,
  );
  const [mark] = await tx.query<{ up_to: number; pruned_to: number }>(
    `select up_to, pruned_to from sync_progress where site = $1 and stream = $2 and epoch = $3 for update`,
    key,
  );
  if (segment.seq <= (mark?.pruned_to ?? 0) || (await overlaps(tx, arrival))) return false;
  const from = mark?.up_to ?? 0;
  const next = await tx.query<{ seq: number; through: number; t_max: Date }>(
    `select seq, coalesce(through, seq) as through, t_max from sync_ledger
     where site = $1 and stream = $2 and epoch = $3 and seq > $4 order by seq limit ${STEP}`,
    [...key, from],
  );
  let upTo = from;
  let latest = -Infinity;
  for (const { seq, through, t_max } of next) {
    if (seq !== upTo + 1) break;
    upTo = through;
    latest = Math.max(latest, t_max.getTime());
  }
  if (upTo === from) return true;
  await tx.query(
    `update sync_progress set up_to = $4, t_max = greatest(t_max, $5), changed_at = now()
     where site = $1 and stream = $2 and epoch = $3`,
    [...key, upTo, new Date(latest)],
  );
  return true;
}

/** Segments that arrived do not overlap, so that only the last one before this one's end can. */
async function overlaps(tx: Db, { site, segment }: Arrival): Promise<boolean> {
  const { stream, epoch, seq, through = seq } = segment;
  const [last] = await tx.query<{ through: number }>(
    `select coalesce(through, seq) as through from sync_ledger
     where site = $1 and stream = $2 and epoch = $3 and seq <= $4 and seq <> $5 order by seq desc limit 1`,
    [site, stream, epoch, through, seq],
  );
  return last !== undefined && last.through >= seq;
}

/**
 * Forgets segments that arrived before `before`, as far as their stream has arrived without a gap. Settles with how many.
 */
export async function pruneLedger(db: Db, before: Date): Promise<number> {
  const [row] = await db.query<{ n: number }>(
    `with old as (
       select p.site, p.stream, p.epoch,
         least(p.up_to, coalesce(min(l.seq) filter (where l.arrived_at >= $1) - 1, p.up_to)) as upto
       from sync_progress p join sync_ledger l using (site, stream, epoch)
       group by p.site, p.stream, p.epoch
     ),
     marked as (
       update sync_progress p set pruned_to = greatest(p.pruned_to, old.upto) from old
       where p.site = old.site and p.stream = old.stream and p.epoch = old.epoch
       returning p.site, p.stream, p.epoch, p.pruned_to
     ),
     gone as (
       delete from sync_ledger l using marked m
       where l.site = m.site and l.stream = m.stream and l.epoch = m.epoch and l.seq <= m.pruned_to
       returning 1
     )
     select count(*)::int as n from gone`,
    [before],
  );
  return row?.n ?? 0;
}

/** Adds to the site's count of readings. */
export async function addReadings(tx: Db, site: string, n: number): Promise<void> {
  await tx.query(`update sites set readings = readings + $2 where id = $1`, [site, n]);
}
