import type { Db } from '../../platform/database/db.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { selectForecastGrids, upsertActuals } from '../store/actuals.ts';
import type { ForecastGrid } from '../store/actuals.ts';
import type { SelectSeries } from './history.ts';

// So far back late data still changes what a forecast is judged by.
const LATE_MS = 86_400_000;
const MOST_STEPS = 4032;

/** Puts what was measured beside what was forecast, for every step that is over. */
export const backfillActuals = ({
  db,
  selectSeries,
}: {
  readonly db: Db;
  readonly selectSeries: SelectSeries;
}): Job => ({
  name: 'backfill-actuals',
  cron: '*/10 * * * *',
  async run({ slot, signal }) {
    let filled = 0;
    const grids = await selectForecastGrids(db, new Date(slot));
    for (const grid of grids) {
      signal.throwIfAborted();
      const { from, to } = dueSteps(grid, slot);
      if (from >= to) continue;
      const values = await selectSeries({ tag: grid.tag, from, to, stepMs: grid.stepMs });
      filled += await upsertActuals(db, grid, new Date(from), values);
    }
    return { series: grids.length, filled };
  },
});

/** The steps to look at: those that are over, and not known or so new that late data may have changed them. */
function dueSteps({ stepMs, first, newest }: ForecastGrid, slot: number): { from: number; to: number } {
  const to = Math.floor(slot / stepMs) * stepMs;
  const known = newest === null ? first.getTime() : Math.min(newest.getTime(), to - LATE_MS);
  const from = Math.max(first.getTime(), Math.floor(known / stepMs) * stepMs, to - MOST_STEPS * stepMs);
  return { from, to };
}
