import type { JobOrder, Learned } from '../artefact.ts';
import { canonicalBytes, LearningParameters } from '../artefact.ts';
import { heldOutFrom } from '../backtest.ts';
import { learnNLinear } from '../network/learn.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { codeVersion } from './code.ts';
import { sha256 } from './hash.ts';
import { append, writeWhole } from './whole.ts';

/** The learning curve: a line of JSON for each epoch, `{"epoch","loss","validation","at"}`. */
export const CURVE_FILE = 'metrics.jsonl';

export interface NetworkJob {
  readonly order: JobOrder;
  readonly values: Float64Array;
  readonly dataHash: string;
  /** Where the curve and the checkpoint are kept. */
  readonly directory: string;
}

/** Learns, or goes on learning from the checkpoint that an interrupted job of the same order, data and code has left. */
export async function learnNetwork(
  { order, values, dataHash, directory }: NetworkJob,
  signal: AbortSignal,
): Promise<{ learned: Learned; figures: Record<string, number> }> {
  const of = sha256(canonicalBytes({ order, dataHash, code: codeVersion() }));
  const kept = await readCheckpoint(directory, of);
  let curve = kept?.curve ?? [];
  // Cut off at the checkpoint: an epoch that is learned again is not told twice.
  await writeWhole(directory, CURVE_FILE, Buffer.from(curve.join('')));
  const parameters = order.parameters ?? LearningParameters.parse({});
  const end = heldOutFrom(values.length, order.settings);
  const { params, figures } = await learnNLinear(
    { values, end, validation: Math.floor(end * (1 - parameters.validation)) },
    {
      settings: order.settings,
      parameters,
      from: kept?.memory ?? null,
      keep: async (memory, point) => {
        const line = point === null ? '' : `${JSON.stringify({ ...point, at: Date.now() })}\n`;
        if (point !== null) curve = [...curve, line];
        await writeCheckpoint(directory, of, { memory, curve });
        await append(directory, CURVE_FILE, line);
      },
    },
    signal,
  );
  return { learned: { kind: 'nlinear', params }, figures };
}
