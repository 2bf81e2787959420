import type { Database, Db } from '../../platform/database/db.ts';
import { selectChunks } from './chunks.ts';
import type { Chunk } from './chunks.ts';
import { classesOf, kinds, LONGEST_MS } from './retention.ts';
import type { Retention } from './retention.ts';

type Kind = (typeof kinds)[number];

/** Tags that are kept for the same time: those named, or all but those. */
interface Group {
  readonly name: string;
  readonly tags: readonly number[];
  readonly isRest: boolean;
}

const groupsOf = (keep: Retention): Group[] => {
  const classes = classesOf(keep);
  const rest = { name: '', tags: classes.flatMap(({ tags }) => tags), isRest: true };
  return classes.length === 0
    ? []
    : [rest, ...classes.map(({ name, tags }) => ({ name, tags, isRest: false }))];
};

/** Chunks of which a group keeps nothing any more, and that were not seen to yet. */
async function selectDue(db: Db, { table, border }: Kind, { name, tags, isRest }: Group): Promise<Chunk[]> {
  const [from] = await db.query<{ to: Date; done: Date | null }>(
    `select ${isRest ? border : `(select min(${border}) from kept_tags where tag_id = any($1::int[]))`} as to,
       (select thinned_to from thinned_classes where class = $2 and of_table = $3) as done
     from roll_up_state where $1::int[] is not null`,
    [tags, name, table],
  );
  if (from === undefined) return [];
  const [to, done] = [Number(from.to), from.done === null ? -Infinity : Number(from.done)];
  return (await selectChunks(db, table)).filter(({ end }) => end.getTime() <= to && end.getTime() > done);
}

/** Takes a group's rows out of a chunk and gives their room back, as deleting alone does not. Settles with how many. */
async function thinChunk(db: Db, { table, time }: Kind, group: Group, chunk: Chunk): Promise<number> {
  const own = `tag_id ${group.isRest ? '<> all' : '= any'}($1::int[]) and ${time} >= $2 and ${time} < $3`;
  const which = [group.tags, chunk.start, chunk.end];
  const [found] = await db.query<{ any: boolean }>(
    `select exists (select from ${table} where ${own}) as any`,
    which,
  );
  if (found?.any !== true) return 0;
  const rows = await db.transaction(async (tx) => {
    if (chunk.compressed) await tx.query('select decompress_chunk($1::text::regclass)', [chunk.name]);
    const [gone] = await tx.query<{ n: number }>(
      `with gone as (delete from ${table} where ${own} returning 1) select count(*)::int as n from gone`,
      which,
    );
    if (chunk.compressed) await tx.query('select compress_chunk($1::text::regclass)', [chunk.name]);
    return gone?.n ?? 0;
  });
  if (!chunk.compressed) await db.query(`vacuum (full, analyze) ${chunk.name}`);
  return rows;
}

/**
 * Takes what a class no longer keeps out of chunks that stay for others; `between` is waited for before each. Rows that
 * come later into such a chunk stay until it goes. Settles with how many rows went.
 */
export async function thinClasses(
  db: Database,
  keep: Retention,
  signal: AbortSignal,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  let rows = 0;
  for (const kind of kinds) {
    for (const group of groupsOf(keep)) {
      for (const chunk of await selectDue(db, kind, group)) {
        await between();
        signal.throwIfAborted();
        rows += await db.cancellable(signal, LONGEST_MS, (own) => thinChunk(own, kind, group, chunk));
        await db.query(
          `insert into thinned_classes (class, of_table, thinned_to) values ($1, $2, $3)
           on conflict (class, of_table) do update set thinned_to = excluded.thinned_to`,
          [group.name, kind.table, chunk.end],
        );
      }
    }
  }
  return rows;
}
