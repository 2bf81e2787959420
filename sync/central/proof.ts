import { selectDigests } from '../../history/store/digests.ts';
import { selectKeptOfAll } from '../../history/store/kept.ts';
import type { Db } from '../../platform/database/db.ts';
import { digestOfAll, numbersIn } from '../proof.ts';
import type { CellsQuestion, HoursQuestion } from '../wire.ts';
import { deleteOpenBefore, replaceOpenCells, selectOpenCells, updateProvenTo } from './store/proof.ts';
import type { Cell, OpenCell } from './store/proof.ts';
import { selectTagMap } from './store/tags.ts';

const HOUR_MS = 3_600_000;
/** What could not be made equal so often is left as it is, and shown, until the site's readings change. */
const MOST_TRIES = 5;

/** The hours in which the site has other readings than the centre. Those whose readings are gone here are not told of. */
export async function compareHours(
  db: Db,
  site: string,
  { keptFrom, tags, hours }: HoursQuestion,
): Promise<number[]> {
  const own = await cellsOf(db, site, numbersIn(tags));
  const kept = await selectKeptOfAll(db);
  const differ: number[] = [];
  for (const { hour, digest } of hours) {
    if (hour < kept) continue;
    const closed = new Map(
      (await selectOpenCells(db, site, hour)).filter((each) => each.closed).map((each) => [each.tag, each]),
    );
    const cells = await own(hour);
    const asSite = cells.map((cell) => closed.get(cell.tag) ?? cell).filter(({ count }) => count > 0);
    if (digestOfAll(asSite) !== digest) differ.push(hour);
    else await replaceOpenCells(db, site, hour, [...closed.values()]);
  }
  await deleteOpenBefore(db, site, keptFrom);
  const all = hours.map(({ hour }) => hour);
  // What differs is open until it has been compared again: the mark may pass it.
  for (const hour of differ) await openHour(db, site, hour);
  if (all.length > 0)
    await updateProvenTo(db, site, { from: Math.min(...all), to: Math.max(...all) + HOUR_MS });
  return differ;
}

/** Keeps an hour open that is known to differ, before it is known where. */
async function openHour(db: Db, site: string, hour: number): Promise<void> {
  const known = await selectOpenCells(db, site, hour);
  if (known.some(({ closed }) => !closed)) return;
  await replaceOpenCells(db, site, hour, [
    ...known,
    { tag: 0, count: 0, checksum: '0', compared: 0, closed: false },
  ]);
}

/** The tags of which the site is to send an hour again. */
export const compareCells = (db: Db, site: string, { hour, tags, cells }: CellsQuestion): Promise<number[]> =>
  db.transaction(async (tx) => {
    const asked = numbersIn(tags);
    const here = new Map((await (await cellsOf(tx, site, asked))(hour)).map((cell) => [cell.tag, cell]));
    const there = new Map(cells.map(([tag, count, checksum]) => [tag, { tag, count, checksum }]));
    const before = new Map((await selectOpenCells(tx, site, hour)).map((cell) => [cell.tag, cell]));
    const open = asked.flatMap((tag) => {
      const none = { tag, count: 0, checksum: '0' };
      return judge(there.get(tag) ?? none, here.get(tag) ?? none, before.get(tag));
    });
    await replaceOpenCells(tx, site, hour, open);
    return open.filter(({ closed, compared }) => !closed && compared <= MOST_TRIES).map(({ tag }) => tag);
  });

const isSame = (one: Cell, other: Cell): boolean =>
  one.count === other.count && one.checksum === other.checksum;

/**
 * Nothing where both have the same. The centre takes nothing away: where it has more after the site has sent all again,
 * the site's are among them.
 */
function judge(site: Cell, here: Cell, before: OpenCell | undefined): OpenCell[] {
  if (isSame(site, here)) return [];
  const again = before !== undefined && isSame(site, before);
  const closed = site.count === 0 || (again && before.compared > 0 && here.count > site.count);
  return [{ ...site, compared: again ? before.compared + 1 : 1, closed }];
}

/** The centre's own digests of an hour, by the site's numbers of the tags. */
async function cellsOf(db: Db, site: string, asked: readonly number[]) {
  const map = await selectTagMap(db, site);
  const siteTag = new Map<number, number>();
  for (const tag of asked) {
    const own = map.get(tag);
    if (own !== undefined) siteTag.set(own, tag);
  }
  const own = [...siteTag.keys()];
  return async (hour: number): Promise<Cell[]> =>
    (await selectDigests(db, own, hour)).map((each) => ({ ...each, tag: siteTag.get(each.tag) ?? 0 }));
}
