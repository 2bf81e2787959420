import { expect, test } from 'vitest';
import { testServer } from '../support/database.ts';
import { long, seed } from '../support/seeded.ts';
import { aWholeStore, runSchedules } from '../support/store-run.ts';

const RUNS = long ? 300 : 20;
const SEARCH_MS = long ? 3_000_000 : 300_000;

const engines = [{ embedded: true }, ...(testServer === undefined ? [] : [{ embedded: false }])];

test.for(engines)(
  'whatever comes and fails in whatever order: rows, roll-ups, outbox and ledger are right (embedded: $embedded)',
  { timeout: SEARCH_MS + 120_000 },
  async ({ embedded }) => {
    expect.hasAssertions();
    await using db = await aWholeStore({ embedded });
    // An embedded database takes seconds to open again.
    await runSchedules(db, { runs: RUNS, seed, longest: 40, cuts: embedded ? 1 : 10, searchMs: SEARCH_MS });
  },
);
