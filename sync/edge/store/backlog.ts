import type { Db } from '../../../platform/database/db.ts';
import { refill } from './sending.ts';

/** What waits for the centre. */
export interface Backlog {
  readonly segments: number;
  readonly bytes: number;
  /** Segments whose readings are taken from the store again when they are sent. */
  readonly emptied: number;
  /** The time of the oldest reading that waits. */
  readonly oldest: Date | null;
}

export async function selectOutbox(db: Db): Promise<Backlog> {
  const [backlog] = await db.query<Backlog>(
    `select count(*)::int as segments, coalesce(sum(octet_length(payload)), 0)::float8 as bytes,
       (count(*) filter (where payload is null))::int as emptied, min(t_min) as oldest
     from sync_outbox`,
  );
  return backlog ?? { segments: 0, bytes: 0, emptied: 0, oldest: null };
}

/** Neighbours become one as long as it stays a segment of usual size. */
const MOST_READINGS = 20_000;
const MOST_BYTES = 65_536;
const LONGEST_S = 600;
const AT_ONCE = 20_000;
/** A bit more than is needed goes, so that it is not begun anew at once. */
const TARGET = 0.9;

interface Candidate {
  readonly epoch: string;
  readonly seq: number;
  readonly n: number;
  readonly bytes: number;
  readonly from: Date;
  readonly to: Date;
}

const selectCandidates = (tx: Db, notBefore: Date): Promise<Candidate[]> =>
  tx.query<Candidate>(
    `select epoch, seq::float8 as seq, n, octet_length(payload) as bytes, date_trunc('milliseconds', t_min) as "from",
       date_trunc('milliseconds', t_max) + interval '1 millisecond' as "to"
     from sync_outbox
     where stream = 'readings' and kind = 'readings-1' and payload is not null and held_until is null and t_min >= $1
       and t_max < t_min + interval '${LONGEST_S} seconds'
       and not frozen and through is null
     order by seq limit ${AT_ONCE} for update`,
    [notBefore],
  );

/** Neighbours that are to be one segment. */
interface Run {
  readonly first: Candidate;
  readonly others: Candidate[];
  n: number;
  bytes: number;
  from: number;
  to: number;
}

const runOf = (first: Candidate): Run => ({
  ...{ first, others: [], n: first.n, bytes: first.bytes },
  from: first.from.getTime(),
  to: first.to.getTime(),
});

/** Takes a neighbour in, if that leaves the run of usual size. */
function joins(run: Run | undefined, next: Candidate): boolean {
  if (run?.first.epoch !== next.epoch) return false;
  const isNext = next.seq === run.first.seq + run.others.length + 1;
  const [from, to] = [Math.min(run.from, next.from.getTime()), Math.max(run.to, next.to.getTime())];
  const tooLarge = run.n + next.n > MOST_READINGS || run.bytes + next.bytes > MOST_BYTES;
  if (!isNext || tooLarge || to - from > LONGEST_S * 1000) return false;
  run.others.push(next);
  run.n += next.n;
  run.bytes += next.bytes;
  [run.from, run.to] = [from, to];
  return true;
}

/** As many of the oldest as hold `excess` bytes, in runs. */
function runsOf(candidates: readonly Candidate[], excess: number): Run[] {
  const runs: Run[] = [];
  let left = excess;
  for (const each of candidates) {
    if (left <= 0) break;
    left -= each.bytes;
    if (!joins(runs.at(-1), each)) runs.push(runOf(each));
  }
  return runs;
}

/** The first of a run stands for all: for their time, and for their numbers, which may have no gap. */
async function empty(tx: Db, runs: readonly Run[]): Promise<void> {
  await tx.query(
    `update sync_outbox o set payload = null, crc = 0, n = g.n, t_min = g."from", t_max = g."to", through = g.through
     from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::int[], $5::timestamptz[], $6::timestamptz[])
       as g (epoch, seq, through, n, "from", "to")
     where o.stream = 'readings' and o.epoch = g.epoch and o.seq = g.seq`,
    [
      runs.map(({ first }) => first.epoch),
      runs.map(({ first }) => first.seq),
      runs.map(({ first, others }) => first.seq + others.length),
      runs.map(({ n }) => n),
      runs.map(({ from }) => new Date(from)),
      runs.map(({ to }) => new Date(to)),
    ],
  );
  const others = runs.flatMap((run) => run.others);
  await tx.query(
    `delete from sync_outbox o using unnest($1::uuid[], $2::bigint[]) as g (epoch, seq)
     where o.stream = 'readings' and o.epoch = g.epoch and o.seq = g.seq`,
    [others.map(({ epoch }) => epoch), others.map(({ seq }) => seq)],
  );
}

/**
 * Where more than `maxBytes` wait, the oldest payloads go: their readings are in the store, and are taken from there
 * when it is their turn. None whose readings are older than `notBefore`, and no event. Settles with how many went.
 */
export const boundOutbox = (db: Db, maxBytes: number, notBefore: Date): Promise<number> =>
  db.transaction(async (tx) => {
    const { bytes } = await selectOutbox(tx);
    if (bytes <= maxBytes) return 0;
    const runs = runsOf(await selectCandidates(tx, notBefore), bytes - TARGET * maxBytes);
    if (runs.length > 0) await empty(tx, runs);
    return runs.reduce((sum, { others }) => sum + 1 + others.length, 0);
  });

/** Gives payloads back to all whose readings are older than `before`, as those are about to be dropped. */
export async function refillOutbox(db: Db, before: Date): Promise<number> {
  const rows = await db.query<Parameters<typeof refill>[1]>(
    `select stream, epoch, seq, t_min, t_max from sync_outbox where payload is null and t_min < $1 order by seq`,
    [before],
  );
  for (const row of rows) await refill(db, row);
  return rows.length;
}
