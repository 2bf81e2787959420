import type { Db } from '../../platform/database/db.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { deleteActualsBefore } from '../store/actuals.ts';
import { deleteForecastsBefore } from '../store/forecasts.ts';
import { deleteOldModels } from '../store/models.ts';
import { deleteScoresBefore, selectLastScoredHour, upsertScores } from '../store/scores.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
// Hours that are scored again, because late data may have reached them.
const LATE_MS = 3 * HOUR_MS;
const SCORES_KEPT_MS = 30 * DAY_MS;
const FORECASTS_KEPT_MS = 7 * DAY_MS;
const MODELS_KEPT = 20;

/** Scores each model by the forecast steps that have come true, hour by hour, and forgets what is too old to matter. */
export const aggregatePerformance = ({ db }: { readonly db: Db }): Job => ({
  name: 'aggregate-performance',
  cron: '0 * * * *',
  async run({ slot, signal }) {
    const last = await selectLastScoredHour(db);
    const oldest = slot - FORECASTS_KEPT_MS;
    const from = Math.max(oldest, Math.min(last?.getTime() ?? oldest, slot - LATE_MS));
    const scored = await upsertScores(db, new Date(from - (from % HOUR_MS)), new Date(slot));
    signal.throwIfAborted();
    const forecasts = await deleteForecastsBefore(db, new Date(oldest));
    await deleteActualsBefore(db, new Date(oldest));
    await deleteScoresBefore(db, new Date(slot - SCORES_KEPT_MS));
    const models = await deleteOldModels(db, MODELS_KEPT);
    return { scored, forgottenForecasts: forecasts, forgottenModels: models };
  },
});
