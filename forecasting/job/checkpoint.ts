import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalBytes } from '../artefact.ts';
import { floatsOfText, textOfFloats } from '../floats.ts';
import type { Memory } from '../network/learn.ts';
import { sha256 } from './hash.ts';
import { writeWhole } from './whole.ts';

/** The folder, beside the result, that keeps what was learned so far. */
export const CHECKPOINT_FOLDER = 'checkpoint';
const FILE = 'state.json';

const floats = z.base64().transform(floatsOfText);
const Checkpoint = z.strictObject({
  format: z.literal('penstock-checkpoint/1'),
  /** The digest of what is learned from what: a checkpoint of anything else is of no use. */
  of: z.string(),
  pass: z.number().int(),
  steps: z.number().int(),
  weights: floats,
  bias: floats,
  moments: z.array(floats).length(4),
  best: z.strictObject({ epoch: z.number().int(), validation: z.number(), weights: floats, bias: floats }),
  stop: z.enum(['patience', 'diverged']).nullable(),
  curve: z.array(z.string()),
});

/** What a checkpoint holds: the network, and the lines of the learning curve so far. */
export interface Progress {
  readonly memory: Memory;
  readonly curve: readonly string[];
}

/** A checkpoint as text: its own digest in the first line, then the document. */
export function textOfProgress(of: string, { memory, curve }: Progress): string {
  const { state, best, stop } = memory;
  const document: z.input<typeof Checkpoint> = {
    format: 'penstock-checkpoint/1',
    of,
    pass: state.pass,
    steps: state.steps,
    weights: textOfFloats(state.weights),
    bias: textOfFloats(state.bias),
    moments: state.moments.map(textOfFloats),
    best: { ...best, weights: textOfFloats(best.weights), bias: textOfFloats(best.bias) },
    stop,
    curve: [...curve],
  };
  const bytes = canonicalBytes(document);
  return `${sha256(bytes)}\n${Buffer.from(bytes).toString()}`;
}

/** The inverse of `textOfProgress`; null for a damaged one, or one of something else. */
export function progressOfText(of: string, text: string): Progress | null {
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  if (sha256(Buffer.from(body)) !== text.slice(0, end)) return null;
  const { success, data } = Checkpoint.safeParse(JSON.parse(body));
  if (!success || data.of !== of) return null;
  const { pass, steps, weights, bias, moments, best, stop, curve } = data;
  return { memory: { state: { pass, steps, weights, bias, moments }, best, stop }, curve };
}

export const writeCheckpoint = (directory: string, of: string, progress: Progress): Promise<void> =>
  writeWhole(join(directory, CHECKPOINT_FOLDER), FILE, Buffer.from(textOfProgress(of, progress)));

/** Null where there is none that fits. */
export async function readCheckpoint(directory: string, of: string): Promise<Progress | null> {
  try {
    return progressOfText(of, await readFile(join(directory, CHECKPOINT_FOLDER, FILE), 'utf8'));
  } catch (err) {
    if (['ENOENT', 'ENOTDIR'].includes((err as NodeJS.ErrnoException).code ?? '')) return null;
    throw err;
  }
}
