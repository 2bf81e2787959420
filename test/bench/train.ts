import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { readRecords } from '../../deploy/simulate/records.ts';
import { LearningParameters } from '../../forecasting/artefact.ts';
import type { Learned, Settings } from '../../forecasting/artefact.ts';
import { learn, say } from '../../forecasting/catalogue.ts';
import { kinds } from '../../forecasting/kinds.ts';
import type { Kind } from '../../forecasting/kinds.ts';
import { learnNLinear } from '../../forecasting/network/learn.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';

/** Values with the places that part them: learned from before `validation`, validated up to `test`, forecast after it. */
interface Split {
  readonly values: Float64Array;
  readonly validation: number;
  readonly test: number;
  readonly settings: Settings;
  readonly lookback: number;
}

interface Score {
  readonly kind: Kind;
  readonly mse: number;
  readonly mae: number;
  readonly trainCpuS: number;
  readonly origins: number;
}

// The protocol of LTSF-Linear (Zeng et al., AAAI 2023): 12, 4 and 4 months of 30 days by the hour, univariate.
const MONTH = 30 * 24;
const PUBLISHED = { mse: 0.053, mae: 0.177 };
// A decomposition costs some 50 ms: it speaks from this many origins, the others from all.
const MSTL_ORIGINS = 60;

/** What a table's last column holds, in units of the standard deviation of the first 12 months. */
async function ettSplit(path: string): Promise<Split> {
  const bytes = await readFile(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trim();
  const all = text.split('\n').slice(1);
  const values = standardised(
    all.map((line) => Number(line.split(',').at(-1))),
    12 * MONTH,
  );
  if (values.length < 20 * MONTH || values.some(Number.isNaN))
    throw new Error(
      `${path} is not ETTh1.csv: it must hold ${20 * MONTH} hours with a number in the last column.`,
    );
  return {
    values: values.subarray(0, 20 * MONTH),
    ...{ validation: 12 * MONTH, test: 16 * MONTH, lookback: 336 },
    settings: { stepMs: 3_600_000, season: 24, horizon: 96 },
  };
}

/** One variable of the Tennessee Eastman process without a fault, every three minutes; the reactor's pressure. */
async function processSplit(): Promise<Split> {
  const { normal } = await readRecords();
  const values = standardised(
    normal.map((row) => row[6] ?? NaN),
    600,
  );
  return {
    ...{ values, validation: 600, test: 760, lookback: 40 },
    settings: { stepMs: 180_000, season: 20, horizon: 20 },
  };
}

function standardised(values: readonly number[], of: number): Float64Array {
  const known = values.slice(0, of);
  const mean = known.reduce((sum, value) => sum + value / of, 0);
  const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2 / of, 0));
  return Float64Array.from(values, (value) => (value - mean) / deviation);
}

async function trained(
  kind: Kind,
  { values, validation, test, settings, lookback }: Split,
): Promise<Learned> {
  if (kind !== 'nlinear') return learn(kind, values.subarray(0, test), settings);
  const course = {
    settings,
    parameters: LearningParameters.parse({ lookback }),
    from: null,
    keep: () => Promise.resolve(),
  };
  const never = new AbortController().signal;
  return { kind, params: (await learnNLinear({ values, validation, end: test }, course, never)).params };
}

/** Forecasts every window of the test, each from all that was before it. */
function scored(learned: Learned, { values, test, settings: { horizon } }: Split) {
  const windows = values.length - horizon - test + 1;
  const stride = learned.kind === 'mstl' ? Math.ceil(windows / MSTL_ORIGINS) : 1;
  let [squares, sizes, n] = [0, 0, 0];
  for (let origin = test; origin + horizon <= values.length; origin += stride) {
    say(learned, values.subarray(0, origin), horizon).forEach((said, k) => {
      const error = said - (values[origin + k] ?? NaN);
      squares += error ** 2;
      sizes += Math.abs(error);
      n += 1;
    });
  }
  return { mse: squares / n, mae: sizes / n, origins: n / horizon };
}

async function run({ file, say: tell }: BenchOptions): Promise<BenchResult> {
  const split = file === undefined ? await processSplit() : await ettSplit(file);
  const scores: Score[] = [];
  for (const kind of kinds) {
    const before = process.cpuUsage();
    const learned = await trained(kind, split);
    const { user, system } = process.cpuUsage(before);
    const score = { kind, ...scored(learned, split), trainCpuS: (user + system) / 1e6 };
    tell(
      `${kind.padEnd(15)} MSE ${score.mse.toFixed(4)}  MAE ${score.mae.toFixed(4)}  training ${score.trainCpuS.toFixed(2)} CPU s  (${score.origins} origins)`,
    );
    scores.push(score);
  }
  const of = (kind: Kind) => scores.find((score) => score.kind === kind)?.mse ?? NaN;
  const value = of('nlinear');
  const reference =
    file === undefined
      ? { name: 'seasonal naive on the same windows', value: of('seasonal-naive') }
      : { name: `NLinear as published: MSE, beside MAE ${PUBLISHED.mae}`, value: PUBLISHED.mse };
  const { lookback, settings } = split;
  return {
    ...{
      name: 'train',
      unit: 'MSE of NLinear, standardised',
      value,
      reference,
      ratio: value / reference.value,
    },
    conditions: { data: file ?? 'Tennessee Eastman, reactor pressure', lookback, settings, scores },
  };
}

export const trainBench: Bench = {
  name: 'train',
  summary:
    'accuracy and cost of each kind of model; with --file ETTh1.csv against the published figure of NLinear',
  run,
};
