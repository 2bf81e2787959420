import { randomUUID } from 'node:crypto';
import type { Artefact } from '../../forecasting/artefact.ts';
import { leastToTrain, mostToTrain } from '../../forecasting/catalogue.ts';
import type { Kind } from '../../forecasting/kinds.ts';
import { fillShortGaps, gaplessEnd } from '../../forecasting/series.ts';
import type { Series } from '../../forecasting/series.ts';
import { shortGapMs } from '../../forecasting/train.ts';
import type { ModelInForce } from '../store/models.ts';
import type { ForecastTag } from '../store/plant.ts';
import { seriesBefore } from './history.ts';
import type { SelectSeries } from './history.ts';
import type { Predictor } from './predictor.ts';
import type { Unusable } from './predictor-thread.ts';

/** A model that the site made, and what is to become of it. */
export interface Fitted {
  readonly artefact: Artefact;
  readonly state: 'active' | 'shadow';
  readonly note: string | null;
}

interface Refit {
  readonly slot: number;
  readonly refitAfterMs: number;
  readonly selectSeries: SelectSeries;
}

// A tag on seasonal naive is looked at again this often: it may have history enough for a better model by now.
const UPGRADE_AFTER_MS = 600_000;

/** Whether the site is to make new models for a tag. What the centre trained it leaves alone. */
export async function isRefitDue(
  tag: ForecastTag,
  inForce: readonly ModelInForce[],
  { slot, refitAfterMs, selectSeries }: Refit,
): Promise<boolean> {
  const active = inForce.find(({ state }) => state === 'active');
  if (active === undefined) return true;
  if (active.origin === 'centre') return false;
  const age = slot - active.trainedAt.getTime();
  if (age >= refitAfterMs || !sameSettings(active.artefact.settings, tag.settings)) return true;
  const stopgap = active.artefact.learned.kind === 'seasonal-naive' && active.chosenBy === null;
  if (!stopgap || inForce.length > 1 || age < UPGRADE_AFTER_MS) return false;
  const least = leastToTrain('mstl', tag.settings);
  const longest = shortGapMs(tag.settings);
  const steps = least + longest / tag.settings.stepMs;
  const recent = await seriesBefore(selectSeries, slot, { tag: tag.id, settings: tag.settings, steps });
  return gaplessEnd(fillShortGaps(recent, longest).values).length >= least;
}

const sameSettings = (a: ForecastTag['settings'], b: ForecastTag['settings']): boolean =>
  a.stepMs === b.stepMs && a.season === b.season && a.horizon === b.horizon;

/** All the history that training can make use of. */
export const historyToLearn = (tag: ForecastTag, { slot, selectSeries }: Refit): Promise<Series> =>
  seriesBefore(selectSeries, slot, {
    tag: tag.id,
    settings: tag.settings,
    steps: mostToTrain('mstl', tag.settings),
  });

/**
 * Makes a tag's models from its history: MSTL where there is enough of it and the backtest finds it better than
 * seasonal naive, which otherwise is the active one. `kind` asks for just that one.
 */
export async function fit(
  predictor: Predictor,
  tag: ForecastTag,
  data: Series,
  kind: Kind | null,
): Promise<Fitted[] | Unusable> {
  const train = (which: Kind) =>
    predictor.train({ id: randomUUID(), kind: which, settings: tag.settings, tag: { name: tag.name } }, data);
  const wanted = await train(kind ?? 'mstl');
  if ('unusable' in wanted)
    return kind === null ? naiveAlone(await train('seasonal-naive'), wanted.unusable) : wanted;
  const skill = wanted.metrics['skill'] ?? 0;
  if (kind === 'seasonal-naive') return [{ artefact: wanted, state: 'active', note: null }];
  if (kind === 'mstl' || skill > 0) return [{ artefact: wanted, state: 'active', note: verdict(skill) }];
  const naive = naiveAlone(await train('seasonal-naive'), `MSTL: ${verdict(skill)}`);
  return 'unusable' in naive
    ? naive
    : [...naive, { artefact: wanted, state: 'shadow', note: verdict(skill) }];
}

const naiveAlone = (naive: Artefact | Unusable, note: string): Fitted[] | Unusable =>
  'unusable' in naive ? naive : [{ artefact: naive, state: 'active', note }];

const verdict = (skill: number): string =>
  `In the backtest the error was ${Math.abs(Math.round(100 * skill))} % ${skill > 0 ? 'less' : 'more'} than that of seasonal naive.`;
