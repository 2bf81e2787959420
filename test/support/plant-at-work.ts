import { expect } from 'vitest';
import { createAccounts } from '../../gateway/accounts.ts';
import type { LedgerView } from '../../gateway/api/sources.ts';
import { createCurrent } from '../../gateway/current.ts';
import type { CurrentOptions } from '../../gateway/current.ts';
import { PlantModel } from '../../gateway/plant/model.ts';
import type { LinkEvent } from '../../gateway/runtime/status.ts';
import { flushTo } from '../../gateway/store/flush.ts';
import { selectPlant, upsertPlant } from '../../gateway/store/plant.ts';
import type { Database, Db } from '../../platform/database/db.ts';
import { noOutbox } from '../../sync/edge/store/outbox.ts';
import { aFolder } from './folder.ts';
import { expectSettled } from './ledger.ts';
import { silent } from './web.ts';
import { aWriter, callable } from './writer.ts';

/** Fails unless all ledgers balance, nothing is on its way any more, and the table holds what they say. */
export async function expectAllStored(ledgers: readonly LedgerView[], db: Db): Promise<void> {
  expectSettled(ledgers);
  const rows = await db.query<{ source: string; stored: number }>(
    `select s.name as source, count(r.time)::int as stored from sources s
     join tags t on t.source_id = s.id left join readings r on r.tag_id = t.id group by 1 order by 1`,
  );
  const told = ledgers.map(({ source, stored }) => ({ source, stored }));
  expect(told.sort((a, b) => (a.source < b.source ? -1 : 1))).toEqual(rows);
}

/** What the table holds of a tag, oldest first. */
export async function valuesOf(db: Db, tag: string): Promise<number[]> {
  const rows = await db.query<{ value: number }>(
    `select r.value from readings r join tags t on t.id = r.tag_id where t.name = $1 order by r.time`,
    [tag],
  );
  return rows.map(({ value }) => value);
}

/** The longest time in the table without a good reading of a tag. */
export async function longestGapMs(db: Db, tag: string): Promise<number> {
  const [row] = await db.query<{ gap: number }>(
    `select max(extract(epoch from gap) * 1000)::float8 as gap from (
       select r.time - lag(r.time) over (order by r.time) as gap from readings r join tags t on t.id = r.tag_id
       where t.name = $1 and r.quality = 0) gaps`,
    [tag],
  );
  return row?.gap ?? Infinity;
}

/** A gate in front of the store: while it is shut, nothing becomes safe. */
export function aGate() {
  let open: () => void = () => undefined;
  let passing = Promise.resolve();
  return {
    pass: () => passing,
    shut: () => void (passing = new Promise((resolve) => (open = resolve))),
    open: () => open(),
  };
}

interface Given extends Partial<CurrentOptions> {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly gate?: ReturnType<typeof aGate>;
}

/** A plant at work, from its devices to the rows in a database with the gateway's tables, and its ledgers. */
export async function aPlantAtWork(
  db: Database,
  model: object,
  { secrets, gate = aGate(), ...given }: Given = {},
) {
  const folder = await aFolder();
  await upsertPlant(db, PlantModel.parse(model));
  const accounts = createAccounts();
  const server = callable(db);
  const writer = await aWriter({
    ...{ db: server.db, folder: folder.path, flush: flushTo(noOutbox), ledger: accounts.ledger },
  });
  const save: typeof writer.save = async (...what) => {
    await gate.pass();
    await writer.save(...what);
  };
  const events: (readonly [source: string, event: LinkEvent])[] = [];
  const enter = accounts.losses(save, silent);
  const current = createCurrent({
    ...{ ...accounts, save, hold: () => Promise.resolve(), publish: () => undefined },
    ...{ log: silent, dataFolder: folder.path, findSecret: (name) => secrets?.[name] },
    observe(source, event) {
      events.push([source.name, event]);
      enter(source, event);
    },
    ...given,
  });
  await current.replace({ plant: (await selectPlant(db))!, openAlarms: [] });
  return {
    ...{ accounts, current, writer },
    /** Calls the database away from the writer, and back. */
    server,
    ledgers: () => accounts.view(current.operation()),
    view: (source: string) => current.operation().source(source).view(),
    /** How often a source was lost. */
    losses: (source: string) =>
      events.filter(([name, { type }]) => name === source && type === 'lost').length,
    async [Symbol.asyncDispose]() {
      gate.open();
      await current[Symbol.asyncDispose]();
      await writer[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
