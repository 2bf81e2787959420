import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artefact, Manifest } from '../artefact.ts';
import { canonicalBytes } from '../artefact.ts';
import { sha256 } from './hash.ts';
import { JobError } from './read.ts';

const ARTEFACT = 'artefact.json';
const MANIFEST = 'manifest.json';

/** Leaves artefact.json and manifest.json in `directory`. The manifest comes last and whole: it vouches for the rest. */
export async function writeResult(directory: string, artefact: Artefact, startedAt: Date): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    const bytes = canonicalBytes(artefact);
    await writeWhole(directory, ARTEFACT, bytes);
    const manifest: Manifest = {
      format: 'penstock-manifest/1',
      order: artefact.id,
      files: [{ name: ARTEFACT, bytes: bytes.length, sha256: sha256(bytes) }],
      metrics: artefact.metrics,
      startedAt: startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      tools: { node: process.versions.node, '@bsull/augurs': await versionOfAugurs() },
    };
    await writeWhole(directory, MANIFEST, canonicalBytes(manifest));
  } catch (err) {
    const reason = err instanceof Error ? err.message : String(err);
    throw new JobError(73, `The result cannot be written to ${directory}: ${reason}.`, { cause: err });
  }
}

/** A reader sees the old file or the whole new one, after a power cut too. */
async function writeWhole(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const unfinished = join(directory, `.${name}.part`);
  {
    await using file = await open(unfinished, 'w');
    await file.writeFile(bytes);
    await file.sync();
  }
  await rename(unfinished, join(directory, name));
  await using folder = await open(directory, 'r');
  await folder.sync();
}

async function versionOfAugurs(): Promise<string> {
  const path = new URL('package.json', import.meta.resolve('@bsull/augurs/mstl'));
  return String((JSON.parse(await readFile(path, 'utf8')) as { version: unknown }).version);
}
