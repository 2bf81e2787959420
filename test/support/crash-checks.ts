import { expect, vi } from 'vitest';
import { countWaiting } from '../../sync/edge/store/sending.ts';
import type { SiteToKill } from './crash-site.ts';
import type { Daemon } from './daemon.ts';
import { compare } from './field.ts';
import { untilBalanced } from './ledger.ts';
import { missingRecords } from './power-cut-plant.ts';

const soon = { timeout: 60_000, interval: 50 };

/** By tag: how many readings, and a number that tells whether they are the same. */
const digestOf = (tags: string) =>
  `select t.name, count(*)::int as n, sum(hashtextextended(r.time::text || r.value::text, 0))::text as sum
   from readings r join ${tags} group by 1 order by 1`;

/** All of it has arrived at the centre, once each, and its numbers have no gap. */
const untilSameAtCentre = ({ db, central, site }: SiteToKill): Promise<void> =>
  vi.waitFor(async () => {
    expect(await countWaiting(db)).toBe(0);
    const there = await central.query(digestOf('site_tags t on t.tag = r.tag_id'));
    expect(there).toEqual(await db.query(digestOf('tags t on t.id = r.tag_id')));
    const numbered = await central.query(
      `select p.stream, p.epoch, p.up_to::int as n, sum(coalesce(l.through, l.seq) - l.seq + 1)::int as arrived
       from sync_progress p join sync_ledger l using (site, stream, epoch) where site = $1 group by 1, 2, 3 order by 1`,
      [site],
    );
    expect(numbered).toEqual(
      await db.query(
        `select stream, epoch, next_seq::int - 1 as n, next_seq::int - 1 as arrived from sync_streams order by 1`,
      ),
    );
  }, soon);

/** Ends the site and its gateway. All that was acknowledged is there, once, and at the centre too. For people: how much. */
export async function expectNothingLost(site: SiteToKill, gateway: Daemon): Promise<string> {
  const { raised } = await site.raising;
  await site.settle();
  await untilBalanced(gateway, site.data);
  await untilSameAtCentre(site);
  expect(await gateway.stop(), gateway.output()).toBe(0);

  const { missing, doubled } = await compare(site.db, site.field.acknowledged);
  const numbered = doubled.filter(({ key }) => /^[abc]:/.test(key));
  expect({ missing, numbered }).toEqual({ missing: [], numbered: [] });
  const { acts } = site.acting;
  expect(await missingRecords(site.db, raised, acts)).toEqual({ alarms: [], acts: [] });
  return `${site.field.acknowledged.size} readings, ${raised.length} alarms and ${acts.length} audit records`;
}
