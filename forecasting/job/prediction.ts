import { canonicalBytes } from '../artefact.ts';
import { figuresOf, forecastPeriod } from '../period.ts';
import type { PredictionOrder } from '../period.ts';
import type { Series } from '../series.ts';
import { dataHashOf, sha256 } from './hash.ts';
import { writeResult } from './write.ts';

interface Prediction {
  readonly order: PredictionOrder;
  readonly data: Series;
  readonly output: string;
  readonly startedAt: Date;
}

/** Forecasts over the order's period and leaves forecast.json. */
export async function runPrediction({ order, data, output, startedAt }: Prediction): Promise<void> {
  const document = forecastPeriod(order, data);
  const { id, model, from, to } = order;
  const parameters = {
    kind: model.learned.kind,
    model: model.id,
    modelHash: sha256(canonicalBytes(model)),
    from,
    to,
  };
  const about = { order: id, metrics: figuresOf(document), dataHash: dataHashOf(data), parameters };
  await writeResult(output, { name: 'forecast.json', document, about }, startedAt);
}
