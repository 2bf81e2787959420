import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { Carry } from '../aggregate.ts';
import type { TagId } from '../reading.ts';
import { selectBefore, selectUsableBefore } from './at.ts';
import type { Known } from './at.ts';
import type { Kept } from './kept.ts';
import { levels } from './levels.ts';

interface Last {
  readonly tag: TagId;
  /** When it was read, or its bucket begins. */
  readonly at: number;
  /** Null: nothing to compute with. */
  readonly cleaned: number | null;
}

/** The last roll-up of each tag that ends by an instant: of the coarsest level, and of finer ones where that is later. */
async function selectRolledBefore(
  db: Db,
  tags: readonly TagId[],
  at: number,
  only: 'all' | 'usable',
): Promise<Last[]> {
  const border = (i: number) =>
    instant(Math.floor(at / (levels[i]?.widthMs ?? 1)) * (levels[i]?.widthMs ?? 1));
  const parts = levels.map(
    ({ table }, i) =>
      `(select bucket, ${only === 'all' ? 'case when holds then last_cleaned end' : 'last_cleaned'} as cleaned from ${table}
        where tag_id = asked.tag_id and bucket < $${i + 2}
          ${i + 1 < levels.length ? `and bucket >= $${i + 3}` : ''} ${only === 'usable' ? 'and cleaned_count > 0' : ''}
        order by bucket desc limit 1)`,
  );
  return db.query<Last>(
    `select distinct on (tag) asked.tag_id as tag, (extract(epoch from bucket) * 1000)::float8 as at, cleaned
     from unnest($1::int[]) as asked (tag_id) cross join lateral (${parts.join(' union all ')}) as found
     order by tag, bucket desc`,
    [tags, ...levels.map((_, i) => border(i))],
  );
}

const byTag = (all: readonly Last[]) => new Map(all.map((each) => [each.tag, each]));
const isUsable = (last: Last | undefined): last is Last =>
  last !== undefined && last.cleaned !== null && Math.abs(last.cleaned) < 1e150;

type Before = (only: 'all' | 'usable', tags: readonly TagId[]) => Promise<Map<TagId, Last>>;

/** The later one of the last reading and the last roll-up: where readings are kept, the reading. */
const beforeOf =
  (db: Db, at: number, { readingsFrom }: Kept): Before =>
  async (only, tags) => {
    const read: Known[] = await (only === 'all' ? selectBefore : selectUsableBefore)(db, tags, at);
    const found = byTag(read);
    const old = tags.filter((tag) => (found.get(tag)?.at ?? -Infinity) < readingsFrom);
    if (old.length === 0) return found;
    for (const rolled of await selectRolledBefore(db, old, Math.min(at, readingsFrom), only))
      if (rolled.at > (found.get(rolled.tag)?.at ?? -Infinity)) found.set(rolled.tag, rolled);
    return found;
  };

/** What tags bring along into a range that begins at an instant: from readings, or roll-ups where those were dropped. */
export async function selectCarried(
  db: Db,
  tags: readonly TagId[],
  at: number,
  kept: Kept,
): Promise<Map<TagId, Carry>> {
  const before = beforeOf(db, at, kept);
  const last = await before('all', tags);
  const others = tags.filter((tag) => !isUsable(last.get(tag)));
  const usable = others.length === 0 ? last : await before('usable', others);
  return new Map(
    tags.map((tag) => {
      const held = last.get(tag)?.cleaned ?? null;
      return [tag, { held, counted: (usable.get(tag) ?? last.get(tag))?.cleaned ?? null }];
    }),
  );
}
