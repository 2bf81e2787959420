import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestNow } from '../artefact.ts';
import { canonicalBytes } from '../artefact.ts';
import { versionOf } from '../packages.ts';
import { CHECKPOINT_FOLDER } from './checkpoint.ts';
import { codeVersion } from './code.ts';
import { sha256 } from './hash.ts';
import { CURVE_FILE } from './network.ts';
import { writeWhole } from './whole.ts';

const MANIFEST = 'manifest.json';

/** What a job leaves: one document, and what its manifest says of it. */
export interface Result {
  readonly name: 'artefact.json' | 'fold.json' | 'forecast.json';
  readonly document: { readonly format: string };
  readonly about: Pick<ManifestNow, 'order' | 'metrics' | 'dataHash' | 'parameters'>;
}

/** Leaves the document and manifest.json in `directory`. The manifest comes last and whole: it vouches for the rest. */
export async function writeResult(
  directory: string,
  { name, document, about }: Result,
  startedAt: Date,
): Promise<void> {
  const bytes = canonicalBytes(document);
  await writeWhole(directory, name, bytes);
  const curve = await curveIn(directory);
  const files = [{ name, bytes }, ...(curve === null ? [] : [{ name: CURVE_FILE, bytes: curve }])];
  const manifest: ManifestNow = {
    format: 'penstock-manifest/2',
    ...about,
    schema: document.format,
    code: codeVersion(),
    files: files.map((file) => ({ ...file, bytes: file.bytes.length, sha256: sha256(file.bytes) })),
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    tools: {
      node: process.versions.node,
      '@bsull/augurs': versionOf('augurs'),
      '@tensorflow/tfjs-backend-wasm': versionOf('tensorflow'),
    },
  };
  // What is whole needs no checkpoint any more.
  await rm(join(directory, CHECKPOINT_FOLDER), { recursive: true, force: true });
  await writeWhole(directory, MANIFEST, canonicalBytes(manifest));
}

/** The learning curve, where something has learned in passes. */
async function curveIn(directory: string): Promise<Uint8Array | null> {
  try {
    return await readFile(join(directory, CURVE_FILE));
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw err;
  }
}
