import type { Db } from '../../platform/database/db.ts';

/** Readings of one batch: it is there as a whole, or not at all. */
export const BATCH_READINGS = 20;
export const FILL_READINGS = 3000;
export const tags = { batches: 1, fill: 2, late: 3 } as const;

/** What a database holds, for the comparison with what was acknowledged. */
export interface Facts {
  /** Batch and how many of its readings are there. */
  readonly batches: readonly (readonly [number, number])[];
  /** The number of each alarm's line in the journal, and of each audit record, in the order of storing. */
  readonly alarms: readonly number[];
  readonly audits: readonly number[];
  /** Day, tag, and how many readings. */
  readonly days: readonly (readonly [number, number, number])[];
  /** Steps of migration that are on record, and those whose table is there. */
  readonly migrated: readonly string[];
  readonly moved: readonly string[];
  /** The version of the model that forecasts; 0: there is none. */
  readonly active: number;
  /** What must never be: gaps in the outbox, damage. */
  readonly faults: readonly string[];
}

const numbers = (rows: readonly { n: number | string }[]) => rows.map(({ n }) => Number(n));

const words = (rows: readonly { word: string }[]) => rows.map(({ word }) => word);

/** Reads all of it: every table as a whole, too. */
export async function selectFacts(db: Db, firstDay: Date): Promise<Facts> {
  const batches = await db.query<{ batch: number; n: number }>(
    `select floor(value / $2)::int as batch, count(*)::int as n from readings where tag_id = $1 group by 1`,
    [tags.batches, BATCH_READINGS],
  );
  const days = await db.query<{ day: number; tag: number; n: number }>(
    `select extract(day from date_trunc('day', time) - $1::timestamptz)::int as day, tag_id as tag, count(*)::int as n
     from readings where tag_id > $2 group by 1, 2`,
    [firstDay, tags.batches],
  );
  return {
    batches: batches.map(({ batch, n }) => [batch, n]),
    alarms: numbers(await db.query(`select comment as n from alarm_journal order by line`)),
    audits: numbers(await db.query(`select subject as n from audit where action = 'cut' order by id`)),
    days: days.map(({ day, tag, n }) => [day, tag, n]),
    migrated: words(
      await db.query(`select module as word from migrations where module like 'cut%' order by 1`),
    ),
    moved: words(
      await db.query(
        `select 'cut-' || substr(relname, 7) as word from pg_class where relname ~ '^moved_' and relkind = 'r' order by 1`,
      ),
    ),
    active: numbers(await db.query(`select version as n from models where state = 'active'`))[0] ?? 0,
    faults: [...(await gaps(db)), ...(await torn(db)), ...(await damage(db))],
  };
}

/** The outbox numbers its segments without a gap, and counts on right behind the last one. */
const gaps = async (db: Db): Promise<string[]> =>
  words(
    await db.query(
      `select format('outbox %s: %s segments from %s to %s, next %s', s.stream, count(o), min(seq), max(seq), next_seq) as word
       from sync_streams s left join sync_outbox o on o.stream = s.stream and o.epoch = s.epoch
       group by s.stream, next_seq having count(o) <> next_seq - 1 or coalesce(max(seq), 0) <> next_seq - 1`,
    ),
  );

/** A tag that has models has one that is active. */
const torn = async (db: Db): Promise<string[]> =>
  words(
    await db.query(
      `select format('tag %s has %s active models', tag_id, count(*) filter (where state = 'active')) as word
       from models group by tag_id having count(*) filter (where state = 'active') <> 1`,
    ),
  );

const HEAPS = `
  select c.oid::regclass || ': ' || v.msg as word
  from pg_class c, lateral verify_heapam(c.oid, check_toast => true) v
  where c.relkind in ('r', 't', 'm') and c.relpersistence = 'p'`;
const INDEXES = `
  select c.oid::regclass::text as name, c.oid::int as oid from pg_class c
  join pg_am a on a.oid = c.relam join pg_index i on i.indexrelid = c.oid
  where a.amname = 'btree' and c.relkind = 'i' and c.relpersistence = 'p' and i.indisvalid`;

/** What amcheck finds; nothing where the server does not have it. */
export async function damage(db: Pick<Db, 'query'>): Promise<string[]> {
  const there = await db.query(`select from pg_available_extensions where name = 'amcheck'`);
  if (there.length === 0) return [];
  await db.query('create extension if not exists amcheck');
  const found = words(await db.query(HEAPS));
  for (const { name, oid } of await db.query<{ name: string; oid: number }>(INDEXES))
    await db.query('select bt_index_check($1::oid::regclass, true)', [oid]).catch((err: unknown) => {
      found.push(`${name}: ${String(err)}`);
    });
  return found;
}
