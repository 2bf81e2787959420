import { mostToForecast } from '../../forecasting/catalogue.ts';
import type { Kind } from '../../forecasting/kinds.ts';
import { known, missingAtEnd } from '../../forecasting/series.ts';
import { shortGapMs } from '../../forecasting/train.ts';
import type { Series } from '../../forecasting/series.ts';
import type { Db } from '../../platform/database/db.ts';
import { isOutage } from '../../platform/database/outage.ts';
import type { Job, JobRun } from '../../platform/jobs/job.ts';
import { upsertForecast } from '../store/forecasts.ts';
import { insertModel, retireSiteModels, selectActiveModels } from '../store/models.ts';
import type { ModelInForce } from '../store/models.ts';
import type { ForecastTag } from '../store/plant.ts';
import { seriesBefore } from './history.ts';
import type { SelectSeries } from './history.ts';
import { openPredictor } from './predictor.ts';
import type { Predictor } from './predictor.ts';
import { fit, historyToLearn, isRefitDue } from './refit.ts';
import type { Fitted } from './refit.ts';

const DAY_MS = 86_400_000;
// Each takes a second or two: tags beyond start on seasonal naive, and get theirs in a later run.
const FITS_PER_RUN = 12;

export interface ForecastOptions {
  readonly db: Db;
  readonly tags: () => Promise<readonly ForecastTag[]>;
  readonly selectSeries: SelectSeries;
  /** How old a model may get that the site made itself. */
  readonly refitAfterMs?: number;
}

type Outcome = 'forecasts' | 'fallbacks' | 'fitted' | 'stale' | 'short' | 'failed';
type Tally = Record<Outcome, number>;

interface Step extends Omit<ForecastOptions, 'tags'>, JobRun {
  readonly predictor: Predictor;
  readonly tally: Tally;
  readonly refitAfterMs: number;
}

/** Forecasts every tag that has forecast settings, by each of its models in force. Makes the models that are missing or old. */
export const forecast = ({ db, tags, selectSeries, refitAfterMs = DAY_MS }: ForecastOptions): Job => ({
  name: 'forecast',
  cron: '*/5 * * * *',
  async run(run) {
    const due = await tags();
    const tally: Tally = { forecasts: 0, fallbacks: 0, fitted: 0, stale: 0, short: 0, failed: 0 };
    if (due.length === 0) return { tags: 0 };
    const models = await selectActiveModels(db);
    await using predictor = openPredictor(run.signal);
    const step: Step = { ...run, db, selectSeries, refitAfterMs, predictor, tally };
    for (const tag of due)
      await forecastTag(
        step,
        tag,
        models.filter((model) => model.tag === tag.id),
      );
    if (tally.failed === due.length)
      throw new Error('The forecast of every tag failed; the log has the reasons.');
    return { tags: due.length, ...tally };
  },
});

async function forecastTag(step: Step, tag: ForecastTag, models: readonly ModelInForce[]): Promise<void> {
  step.signal.throwIfAborted();
  try {
    const inForce = await modelsFor(step, tag, models);
    for (const model of inForce) await forecastBy(step, tag, model);
  } catch (err) {
    step.signal.throwIfAborted();
    if (isOutage(err)) throw err;
    step.tally.failed += 1;
    step.log.warn({ err, tag: tag.name }, 'The forecast of a tag failed.');
  }
}

/** The tag's models in force, refitted where that is due. */
async function modelsFor(
  step: Step,
  tag: ForecastTag,
  models: readonly ModelInForce[],
): Promise<readonly ModelInForce[]> {
  const { tally, predictor, log } = step;
  const active = models.find(({ state }) => state === 'active');
  const busy = tally.fitted >= FITS_PER_RUN;
  if ((active !== undefined && busy) || !(await isRefitDue(tag, models, step))) return models;
  const data = await historyToLearn(tag, step);
  const fitted = await fit(predictor, tag, data, busy ? 'seasonal-naive' : chosenKind(active));
  if (!('unusable' in fitted)) return storeModels(step, tag, fitted, models);
  if (active === undefined) tally.short += 1;
  log.info(
    { tag: tag.name, reason: fitted.unusable },
    'There is too little history for a model of this tag.',
  );
  return models;
}

const chosenKind = (active: ModelInForce | undefined): Kind | null =>
  active === undefined || active.chosenBy === null ? null : active.artefact.learned.kind;

/** In place of those that the site made before. */
async function storeModels(
  { db, slot, tally, log }: Step,
  tag: ForecastTag,
  fitted: readonly Fitted[],
  before: readonly ModelInForce[],
): Promise<ModelInForce[]> {
  const trainedAt = new Date(slot);
  const chosenBy = before.find(({ state }) => state === 'active')?.chosenBy ?? null;
  const isStored = await db.transaction(async (tx) => {
    if (!(await retireSiteModels(tx, tag.id, before))) return false;
    for (const { artefact, ...placement } of fitted)
      await insertModel(tx, artefact, {
        ...{ tag: tag.id, origin: 'site', training: null, trainedAt, ...placement },
        chosenBy: placement.state === 'active' ? chosenBy : null,
      });
    return true;
  });
  if (isStored) tally.fitted += fitted.length;
  else log.info({ tag: tag.name }, 'Another model of this tag was chosen meanwhile: it stays.');
  return selectActiveModels(db, tag.id);
}

async function forecastBy(step: Step, tag: ForecastTag, model: ModelInForce): Promise<void> {
  const { db, slot, log, predictor, tally, selectSeries } = step;
  const { learned, settings, bands } = model.artefact;
  const steps = mostToForecast(learned, settings);
  const recent = await seriesBefore(selectSeries, slot, { tag: tag.id, settings, steps });
  if (isStale(recent, shortGapMs(settings))) {
    tally.stale += 1;
    log.debug({ tag: tag.name }, 'No forecast: the newest values are missing.');
    return;
  }
  const issued = await predictor.forecast({ learned, settings, bands }, recent);
  if ('unusable' in issued) {
    tally.short += 1;
    log.info({ tag: tag.name, reason: issued.unusable }, 'No forecast of this tag.');
    return;
  }
  if (issued.fallback !== null) {
    tally.fallbacks += 1;
    log.info(
      { tag: tag.name, model: model.id, reason: issued.fallback },
      'Seasonal naive stood in for a model.',
    );
  }
  await upsertForecast(db, { model: model.id, tag: tag.id, issuedAt: new Date(slot), forecast: issued });
  tally.forecasts += 1;
}

/** A forecast from values that ended long ago would look as if it were about now. */
const isStale = ({ values, stepMs }: Series, longestMs: number): boolean =>
  known(values) === 0 || missingAtEnd(values) * stepMs > longestMs;
