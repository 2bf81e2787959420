import { z } from 'zod';
import { Artefact } from './artefact.ts';
import { mostToForecast } from './catalogue.ts';
import { radii } from './conformal.ts';
import { forecast } from './forecast.ts';
import type { Series } from './series.ts';
import { UnusableData } from './series.ts';

/** order.json of a prediction job: a model, and the period that it is to speak about, in milliseconds since the epoch. */
export const PredictionOrder = z
  .strictObject({
    id: z.uuid(),
    model: Artefact,
    from: z.number().int().min(0),
    /** Exclusive. */
    to: z.number().int().min(0),
  })
  .refine(({ from, to }) => to > from, 'to must be later than from');
export type PredictionOrder = z.infer<typeof PredictionOrder>;

const MOST_STEPS = 1_000_000;
const numbers = z.array(z.number().nullable());

/** forecast.json: value i is about `stepMs` from `start + i * stepMs`; null is unknown. */
export const PeriodForecast = z.strictObject({
  format: z.literal('penstock-forecast/1'),
  order: z.uuid(),
  model: z.uuid(),
  tag: z.strictObject({ name: z.string() }),
  start: z.number().int(),
  stepMs: z.number().int(),
  columns: z.strictObject({
    /** When each value could have been said: the end of what was known, in milliseconds since the epoch. */
    issuedAt: z.array(z.number().int().nullable()),
    mean: numbers,
    lower80: numbers,
    upper80: numbers,
    lower95: numbers,
    upper95: numbers,
    /** What was measured, where the data reaches so far. */
    actual: numbers,
  }),
  /** Where seasonal naive spoke instead of the model, and why. */
  fallbacks: z.array(z.strictObject({ issuedAt: z.number().int(), reason: z.string() })),
});
export type PeriodForecast = z.infer<typeof PeriodForecast>;

/**
 * Forecasts over a period as they would have been made: one every `horizon` steps, each from the data before it alone.
 * What lies more than a horizon beyond the data stays null. Throws `UnusableData` where no forecast can be made at all.
 */
export function forecastPeriod({ id, model, from, to }: PredictionOrder, data: Series): PeriodForecast {
  const { stepMs, horizon } = model.settings;
  if (data.stepMs !== stepMs)
    throw new UnusableData(`The data is in steps of ${data.stepMs} ms, the model in steps of ${stepMs} ms.`);
  const first = Math.max(1, Math.ceil((from - data.start) / stepMs));
  const steps = Math.ceil((to - data.start) / stepMs) - first;
  if (steps < 1 || steps > MOST_STEPS)
    throw new UnusableData(
      `From ${new Date(from).toISOString()} to ${new Date(to).toISOString()} there are ${Math.max(0, steps)} steps of ${stepMs} ms after the data's first; 1 to ${MOST_STEPS} can be forecast.`,
    );
  const columns = emptyColumns(steps);
  const fallbacks: PeriodForecast['fallbacks'] = [];
  const { length } = data.values;
  const last = Math.min(first + steps - 1, length);
  // Where the period begins after the end of the data, the newest forecast may still reach into it.
  for (let origin = Math.min(first, length); origin <= last; origin += horizon) {
    const reason = fill(columns, { model, data, origin, first });
    if (reason !== null) fallbacks.push({ issuedAt: data.start + origin * stepMs, reason });
  }
  if (columns.mean.every((value) => value === null))
    throw new UnusableData(
      `The data ends before the period: at ${new Date(data.start + data.values.length * stepMs).toISOString()}.`,
    );
  const { tag } = model;
  const start = data.start + first * stepMs;
  return {
    format: 'penstock-forecast/1',
    order: id,
    model: model.id,
    tag,
    start,
    stepMs,
    columns,
    fallbacks,
  };
}

type Columns = PeriodForecast['columns'];

const unknown = (steps: number) => new Array<number | null>(steps).fill(null);
const emptyColumns = (steps: number): Columns => ({
  issuedAt: unknown(steps),
  mean: unknown(steps),
  lower80: unknown(steps),
  upper80: unknown(steps),
  lower95: unknown(steps),
  upper95: unknown(steps),
  actual: unknown(steps),
});

interface From {
  readonly model: Artefact;
  readonly data: Series;
  readonly origin: number;
  readonly first: number;
}

/** Fills in the forecast that is made at `origin`; answers with why it is not the model's, or null. */
function fill(columns: Columns, { model, data, origin, first }: From): string | null {
  const { stepMs, horizon } = model.settings;
  const oldest = Math.max(0, origin - mostToForecast(model.learned, model.settings));
  const recent = {
    ...data,
    start: data.start + oldest * stepMs,
    values: data.values.subarray(oldest, origin),
  };
  if (recent.values.every(Number.isNaN)) return 'There are no values before.';
  const said = forecast(model, recent);
  const [narrow, wide] = [radii(said.bands, 80, horizon), radii(said.bands, 95, horizon)];
  const until = Math.min(horizon, columns.mean.length - (origin - first));
  for (let k = Math.max(0, first - origin); k < until; k++) {
    const i = origin - first + k;
    const [mean = NaN, near = NaN, far = NaN] = [said.mean[k], narrow[k], wide[k]];
    columns.issuedAt[i] = said.start;
    columns.mean[i] = mean;
    [columns.lower80[i], columns.upper80[i]] = [mean - near, mean + near];
    [columns.lower95[i], columns.upper95[i]] = [mean - far, mean + far];
    const actual = data.values[origin + k] ?? NaN;
    columns.actual[i] = Number.isNaN(actual) ? null : actual;
  }
  return said.fallback;
}

/** How good the forecasts were, where it is known: mae, coverage95; and how many steps were forecast. */
export function figuresOf({ columns, fallbacks }: PeriodForecast): Record<string, number> {
  const number = (value: number | null | undefined) => value ?? NaN;
  const errors = columns.actual.map((actual, i) => number(actual) - number(columns.mean[i]));
  const known = errors.flatMap((error, i) => (Number.isNaN(error) ? [] : [i]));
  const steps = columns.mean.filter((value) => value !== null).length;
  if (known.length === 0) return { steps, fallbacks: fallbacks.length };
  const radius = (i: number) => number(columns.upper95[i]) - number(columns.mean[i]);
  const sum = (of: (i: number) => number) => known.reduce((total, i) => total + of(i), 0);
  const error = (i: number) => Math.abs(number(errors[i]));
  return {
    steps,
    fallbacks: fallbacks.length,
    mae: sum(error) / known.length,
    coverage95: sum((i) => Number(error(i) <= radius(i))) / known.length,
  };
}
