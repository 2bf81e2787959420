import { afterAll, beforeAll, test } from 'vitest';
import type { Database } from '../../../platform/database/db.ts';
import { testServer } from '../../support/database.ts';
import { aWholeStore, runSchedules } from '../../support/store-run.ts';

let db: Database;
beforeAll(async () => {
  db = await aWholeStore();
});
afterAll(() => db[Symbol.asyncDispose]());

/** An embedded database takes seconds to open again. */
const CUTS = testServer === undefined ? 0 : 10;

test('whatever comes and fails in whatever order: the rows, their roll-ups, the outbox and the ledger are right', async () => {
  await runSchedules(db, { runs: 20, longest: 30, cuts: CUTS, searchMs: 200_000 });
}, 240_000);
