import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { createAccounts } from '../../gateway/accounts.ts';
import { createCurrent } from '../../gateway/current.ts';
import { PlantModel } from '../../gateway/plant/model.ts';
import { flushTo } from '../../gateway/store/flush.ts';
import { selectPlant, upsertPlant } from '../../gateway/store/plant.ts';
import type { Database } from '../../platform/database/db.ts';
import { noOutbox } from '../../sync/edge/store/outbox.ts';
import { silent } from './web.ts';
import { aWriter } from './writer.ts';

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

/** A plant at work, from its devices to the rows in `db` (with the gateway's tables), and its ledger. */
export async function aKeptSite(db: Database, model: object, gate = aGate()) {
  const folder = await mkdtemp(join(tmpdir(), 'penstock-site-'));
  await upsertPlant(db, PlantModel.parse(model));
  const accounts = createAccounts();
  const writer = await aWriter({ db, folder, flush: flushTo(noOutbox), ledger: accounts.ledger });
  const save: typeof writer.save = async (...what) => {
    await gate.pass();
    await writer.save(...what);
  };
  const current = createCurrent({
    ...{ ...accounts, save, hold: () => Promise.resolve(), publish: () => undefined, log: silent },
    ...{ dataFolder: folder, findSecret: () => undefined, observe: accounts.losses(save, silent) },
  });
  onTestFinished(async () => {
    gate.open();
    await current[Symbol.asyncDispose]();
    await writer[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  await current.replace({ plant: (await selectPlant(db))!, openAlarms: [] });
  const ledger = () => accounts.view(current.operation())[0]!;
  return {
    current,
    ledger,
    state: () => current.operation().source(ledger().source).view().state,
    /** What the store holds of a tag, oldest first. */
    values: async (tag: string) =>
      (
        await db.query<{ value: number }>(
          `select r.value from readings r join tags t on t.id = r.tag_id where t.name = $1 order by r.time`,
          [tag],
        )
      ).map(({ value }) => value),
    /** Each reading that came is in the ledger's one place, and the store has as many as it says. */
    async balances() {
      const { collected, stored, thinned, duplicate, quarantined, spooled, pending, lost } = ledger();
      expect(stored + thinned + duplicate + quarantined + spooled + pending).toBe(collected);
      expect({ lost, pending, spooled }).toEqual({ lost: 0, pending: 0, spooled: 0 });
      const [row] = await db.query<{ count: number }>('select count(*)::int as count from readings');
      expect(row!.count).toBe(stored);
      return { collected, stored, thinned, duplicate };
    },
  };
}
