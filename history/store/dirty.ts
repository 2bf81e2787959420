import type { Db } from '../../platform/database/db.ts';
import type { Reading } from '../reading.ts';

const HOUR_MS = 3_600_000;

interface Marking {
  readonly generation: number;
  /** Readings from here on need no mark. */
  readonly liveFrom: number;
}

const MARKING = {
  name: 'read marking',
  text: `select generation, (extract(epoch from live_from) * 1000)::float8 as "liveFrom" from roll_up_state for share`,
};

/** What marks are due in this transaction. Until it ends, the roll-ups do not move on. */
export async function selectMarking(tx: Db): Promise<Marking> {
  const [marking] = await tx.query<Marking>(MARKING);
  if (marking === undefined) throw new Error('The table roll_up_state is empty. Restore its only row.');
  return marking;
}

/** Marks the hours of late readings. Live ones cost nothing. */
export async function markDirty(tx: Db, marking: Marking, batch: readonly Reading[]): Promise<void> {
  const marks = new Map<string, { tag: number; hour: Date }>();
  for (const { tag, at } of batch) {
    if (at >= marking.liveFrom) continue;
    const hour = Math.floor(at / HOUR_MS);
    const key = `${tag} ${hour}`;
    if (!marks.has(key)) marks.set(key, { tag, hour: new Date(hour * HOUR_MS) });
  }
  if (marks.size === 0) return;
  const late = [...marks.values()];
  await tx.query(
    `insert into dirty_buckets (generation, tag_id, hour)
     select $1, * from unnest($2::int[], $3::timestamptz[]) on conflict do nothing`,
    [marking.generation, late.map(({ tag }) => tag), late.map(({ hour }) => hour)],
  );
}
