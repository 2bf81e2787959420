import { startThread } from '../../platform/thread.ts';
import type { Remote } from '../../platform/thread.ts';
import type { PredictorMethods } from './predictor-thread.ts';

/** Trains and forecasts in a thread of its own: both block for as long as they compute. */
export type Predictor = Remote<PredictorMethods> & AsyncDisposable;

const MOST_HEAP_MB = 512;

/** A new thread, for one run of a job: a model's library that broke or leaked ends with it. Aborting ends it at once. */
export function openPredictor(signal: AbortSignal): Predictor {
  const thread = startThread<PredictorMethods>({
    entry: new URL('./predictor-thread.ts', import.meta.url),
    name: 'predictor',
    limits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
  });
  const end = () => void thread[Symbol.asyncDispose]();
  signal.addEventListener('abort', end, { once: true });
  return {
    train: thread.remote.train,
    forecast: thread.remote.forecast,
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', end);
      await thread[Symbol.asyncDispose]();
    },
  };
}
