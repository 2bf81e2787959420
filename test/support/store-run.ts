import fc from 'fast-check';
import { migrations } from '../../gateway/migrations.ts';
import type { Database } from '../../platform/database/db.ts';
import { aDatabase } from './database.ts';
import type { DatabaseForTest } from './database.ts';
import { checkStore } from './store-checks.ts';
import { aStoreSite } from './store-site.ts';
import { POISON, schedules } from './store-steps.ts';
import type { Schedules, Step } from './store-steps.ts';
import { aBreakableLine } from './writer.ts';

/** A database with all that a gateway keeps, whose readings refuse one value. */
export async function aWholeStore(on: Pick<DatabaseForTest, 'embedded'> = {}): Promise<Database> {
  const db = await aDatabase({ migrations, ...on });
  await db.query(`alter table readings add constraint sane check (value <> ${POISON})`);
  return db;
}

interface Runs extends Schedules {
  readonly runs: number;
  readonly seed?: number;
  /** A failure is made smaller for so long at most. */
  readonly searchMs: number;
}

/** Fails, with its seed and the shortest schedule that fails, unless the store is right after each. */
export async function runSchedules(db: Database, { runs, seed, searchMs, ...which }: Runs): Promise<void> {
  await using line = await aBreakableLine(db);
  const run = async (schedule: readonly Step[]) => {
    await using site = await aStoreSite({ db, line: line.db, breakLine: () => line.break() });
    for (const step of schedule) await site.take(step);
    await site.comeToRest();
    await checkStore(db, site);
  };
  const own = seed === undefined ? {} : { seed };
  await fc.assert(fc.asyncProperty(schedules(which), run), {
    ...{ ...own, numRuns: runs },
    ...{ interruptAfterTimeLimit: searchMs, markInterruptAsFailure: true },
  });
}
