import { z } from 'zod';
import { kinds } from './kinds.ts';

/** What one forecast looks like; the same three numbers as a tag's forecast settings. */
export const Settings = z.strictObject({
  stepMs: z.number().int().min(1000),
  /** Steps in one season. */
  season: z.number().int().min(2).max(2016),
  /** Steps ahead. */
  horizon: z.number().int().min(1).max(2016),
});
export type Settings = z.infer<typeof Settings>;

/** What may be set of a network's learning. */
export const LearningParameters = z.strictObject({
  /** Draws the order of the windows; the same seed learns the same weights. */
  seed: z.number().int().min(0).max(2_147_483_647).default(1),
  /** Values that the network looks at; two seasons where it is left out. */
  lookback: z.number().int().min(2).max(8192).optional(),
  /** Most passes over the windows. */
  epochs: z.number().int().min(1).max(1000).default(50),
  /** Windows in one step. */
  batch: z.number().int().min(1).max(1024).default(32),
  learningRate: z.number().min(1e-7).max(1).default(0.002),
  /** What the learning rate is multiplied by after each pass. */
  decay: z.number().min(0.1).max(1).default(0.8),
  /** Passes without a better validation before it stops early. */
  patience: z.number().int().min(1).max(1000).default(5),
  /** Share of the values that validate. */
  validation: z.number().min(0.05).max(0.5).default(0.2),
});
export type LearningParameters = z.infer<typeof LearningParameters>;

const MOST_FOLDS = 20;

/** order.json: what a training job is to learn. The order's id becomes the model's id. */
export const JobOrder = z.strictObject({
  id: z.uuid(),
  kind: z.enum(kinds),
  settings: Settings,
  tag: z.strictObject({ name: z.string().min(1).max(200) }),
  parameters: LearningParameters.optional(),
  /** Rolling-origin folds, trained one by one and merged. */
  folds: z.number().int().min(2).max(MOST_FOLDS).optional(),
  /** Which of the folds to train, from 0, the oldest. */
  fold: z
    .number()
    .int()
    .min(0)
    .max(MOST_FOLDS - 1)
    .optional(),
  /** Fewest folds that must be whole for a merge; two thirds of them where it is left out. */
  quorum: z.number().int().min(1).max(MOST_FOLDS).optional(),
});
export type JobOrder = z.infer<typeof JobOrder>;

/** data.json: values on a regular grid. Value i stands for `stepMs` from `start + i * stepMs`; null is missing. */
export const JobData = z.strictObject({
  /** Milliseconds since the epoch. */
  start: z.number().int().min(0),
  stepMs: z.number().int().min(1000),
  values: z.array(z.number().nullable()).min(1).max(1_000_000),
});
export type JobData = z.infer<typeof JobData>;

/** How far actual values were from the forecast: a radius for each block of the horizon, by split conformal. */
const Bands = z.strictObject({
  blockSteps: z.number().int().min(1),
  radius80: z.array(z.number().min(0)).min(1),
  radius95: z.array(z.number().min(0)).min(1),
});
export type Bands = z.infer<typeof Bands>;

const NaiveParams = z.strictObject({ season: z.number().int().min(2) });
export type NaiveParams = z.infer<typeof NaiveParams>;

const MstlParams = z.strictObject({
  /** Seasons that paid off in the backtest, in steps, shortest first. */
  periods: z.array(z.number().int().min(2)).min(1).max(3),
  /** Most recent points that the decomposition is refitted on at each forecast. */
  window: z.number().int().min(4),
});
export type MstlParams = z.infer<typeof MstlParams>;

/** Bounds what an artefact weighs: 512 kB of numbers, 700 kB of text. */
export const MOST_WEIGHTS = 131_072;

const NLinearParams = z
  .strictObject({
    lookback: z.number().int().min(2),
    ahead: z.number().int().min(1),
    /** `textOfFloats`: one bias for each value ahead, then a row of as many weights for each value that goes in. */
    weights: z.base64().max(8 * Math.ceil((4 * MOST_WEIGHTS) / 6)),
  })
  .refine(
    ({ lookback, ahead, weights }) => weights.length === 4 * Math.ceil((4 * (lookback + 1) * ahead) / 3),
    'weights must hold (lookback + 1) * ahead numbers',
  );
export type NLinearParams = z.infer<typeof NLinearParams>;

/** What a model has learned, by kind. */
export const Learned = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('seasonal-naive'), params: NaiveParams }),
  z.strictObject({ kind: z.literal('mstl'), params: MstlParams }),
  z.strictObject({ kind: z.literal('nlinear'), params: NLinearParams }),
]);
export type Learned = z.infer<typeof Learned>;

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** A trained model as a document: the same order and data always give the same bytes. */
export const Artefact = z.strictObject({
  format: z.literal('penstock-model/1'),
  id: z.uuid(),
  tag: z.strictObject({ name: z.string().min(1).max(200) }),
  settings: Settings,
  learned: Learned,
  bands: Bands,
  /** Backtest figures: mae, mase, skill against seasonal naive, coverage80, coverage95, origins. */
  metrics: z.record(z.string(), z.number()),
  /** Range of the data, in milliseconds since the epoch, and how many values in it were known. */
  trainedOn: z.strictObject({ from: z.number().int(), to: z.number().int(), rows: z.number().int().min(1) }),
  /** SHA-256 of the data's `seriesBytes`, in hexadecimal. */
  dataHash: digest,
});
export type Artefact = z.infer<typeof Artefact>;

const vouched = {
  order: z.uuid(),
  files: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'a plain file name'),
        bytes: z.number().int().min(0),
        sha256: digest,
      }),
    )
    .min(1),
  metrics: z.record(z.string(), z.number()),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** Versions of what it was made with: node, augurs. */
  tools: z.record(z.string(), z.string()),
};

const ManifestBefore = z.strictObject({ format: z.literal('penstock-manifest/1'), ...vouched });

const ManifestNow = z.strictObject({
  format: z.literal('penstock-manifest/2'),
  ...vouched,
  /** The format of the document that it is all about. */
  schema: z.string(),
  dataHash: digest,
  /** SHA-256 of the training program's one file; `source` where it ran from its sources. */
  code: z.union([digest, z.literal('source')]),
  /** What the order asked for, with the defaults filled in. */
  parameters: z.record(z.string(), z.union([z.number(), z.string()])),
});
export type ManifestNow = z.infer<typeof ManifestNow>;

/** manifest.json: written last, so where it exists the other files are whole. */
export const Manifest = z.discriminatedUnion('format', [ManifestNow, ManifestBefore]);
export type Manifest = z.infer<typeof Manifest>;

/** The one byte form of a JSON document (RFC 8785): what is hashed, signed and stored. */
export function canonicalBytes(document: object): Uint8Array {
  return new TextEncoder().encode(canonical(document));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error(`A JSON document cannot hold the number ${value}.`);
  return JSON.stringify(value);
}
