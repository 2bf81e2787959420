import { createHash } from 'node:crypto';
import type { Artefact, JobOrder } from '../../forecasting/artefact.ts';
import { forecast } from '../../forecasting/forecast.ts';
import type { Forecast } from '../../forecasting/forecast.ts';
import type { Series } from '../../forecasting/series.ts';
import { seriesBytes, UnusableData } from '../../forecasting/series.ts';
import { train } from '../../forecasting/train.ts';
import { serve } from '../../platform/thread.ts';

/** The data does not allow it: an answer, not a failure of the thread. */
export interface Unusable {
  readonly unusable: string;
}

export type Model = Pick<Artefact, 'learned' | 'settings' | 'bands'>;

const orUnusable = <T>(work: () => T): T | Unusable => {
  try {
    return work();
  } catch (err) {
    if (err instanceof UnusableData) return { unusable: err.message };
    throw err;
  }
};

const methods = {
  train: (order: JobOrder, data: Series): Artefact | Unusable =>
    orUnusable(() => train(order, data, createHash('sha256').update(seriesBytes(data)).digest('hex'))),
  forecast: (model: Model, recent: Series): Forecast | Unusable => orUnusable(() => forecast(model, recent)),
};
export type PredictorMethods = typeof methods;

serve(methods);
