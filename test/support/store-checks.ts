import { expect } from 'vitest';
import { isKeepable } from '../../gateway/store/keepable.ts';
import type { Reading } from '../../history/reading.ts';
import type { Database } from '../../platform/database/db.ts';
import { selectAll, selectBorders } from './store-books.ts';
import { keyOf } from './store-centre.ts';
import type { aStoreSite } from './store-site.ts';
import { TAGS } from './store-steps.ts';

type Site = Awaited<ReturnType<typeof aStoreSite>>;

/** What a reading says, apart from its tag and time. */
const saying = ({ value, quality, cleaned }: Pick<Reading, 'value' | 'quality' | 'cleaned'>): string =>
  JSON.stringify([typeof value, String(value), quality, String(cleaned)]);

/** Every reading that may not have been dropped is there once, as it was sent, and the centre has the same. */
async function checkRows(db: Database, { outcome, centre }: Site): Promise<number> {
  const rows = (await selectAll(db)).map(
    ({ text, ...row }) => ({ ...row, value: text ?? row.value }) as Reading,
  );
  const borders = await selectBorders(db, TAGS);
  const mustBe = outcome.kept.filter(({ tag, at }) => at >= borders.get(tag)!.readings);
  const there = new Map(rows.map((row) => [keyOf(row), saying(row)]));
  expect(there.size).toBe(rows.length);
  expect(mustBe.map(keyOf).filter((key) => !there.has(key))).toStrictEqual([]);
  const sent = new Set(outcome.kept.map((reading) => `${keyOf(reading)} ${saying(reading)}`));
  const foreign = rows.filter((row) => !sent.has(`${keyOf(row)} ${saying(row)}`));
  expect(foreign).toStrictEqual([]);

  const atCentre = new Map([...centre.readings].map(([key, reading]) => [key, saying(reading)]));
  expect([...new Set(outcome.kept.map(keyOf))].toSorted()).toStrictEqual([...atCentre.keys()].toSorted());
  // What was dropped and came again may be another one.
  if (!outcome.hasDropped)
    expect(there).toStrictEqual(new Map([...there].map(([key]) => [key, atCentre.get(key)])));
  return there.size;
}

async function checkEvents({ outcome, centre }: Site): Promise<void> {
  expect(await centre.missing()).toStrictEqual([]);
  const known = new Set<string>();
  // Under new numbers they may come once more.
  const fresh = centre.events.flatMap((event) => {
    if (event.type !== 'alarm' || known.has(event.id)) return [];
    known.add(event.id);
    return Number(event.comment);
  });
  expect(fresh).toStrictEqual(fresh.toSorted((a, b) => a - b));
  expect(outcome.changes.filter((change) => !fresh.includes(change))).toStrictEqual([]);
}

function checkLedger({ outcome }: Site, rows: number): void {
  const { collected, ...places } = outcome.ledger.of(TAGS);
  expect(Object.values(places).reduce((sum, count) => sum + count, 0)).toBe(collected);
  expect(places).toMatchObject({ pending: 0, spooled: 0 });
  if (!outcome.isPlain || outcome.hasDropped) return;
  // What the tables would refuse may be a duplicate before it comes to them.
  const { stored, duplicate, quarantined } = places;
  expect({ stored, apart: duplicate + quarantined }).toStrictEqual({
    stored: rows,
    apart: outcome.sent.length - rows,
  });
  expect(quarantined).toBeGreaterThanOrEqual(outcome.sent.filter((one) => !isKeepable(one)).length);
}

/** Fails unless a store that has come to rest holds what it must, and no more. */
export async function checkStore(db: Database, site: Site): Promise<void> {
  const rows = await checkRows(db, site);
  await site.books.check();
  await checkEvents(site);
  checkLedger(site, rows);
}
