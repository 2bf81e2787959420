import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Manifest } from '../../../forecasting/artefact.ts';
import { sha256 } from '../../seal.ts';
import { writeWhole } from '../../whole-file.ts';
import { MANIFEST_FILE } from '../executor.ts';
import type { JobResult } from '../executor.ts';
import { BadResult } from '../verify.ts';
import type { Files } from './files.ts';

/**
 * Fetches what the manifest lists, each file beside its place, checked, synced and renamed: so a fetch that was cut
 * goes on where it was. Rejects with `BadResult` where something is missing or is not what the manifest says.
 */
export async function fetchResult(files: Files, from: string, to: string): Promise<JobResult> {
  const manifest = await files.read(`${from}/${MANIFEST_FILE}`);
  if (manifest === null) throw new BadResult(`${MANIFEST_FILE} is missing.`);
  await mkdir(to, { recursive: true });
  const result = new Map<string, Uint8Array>([[MANIFEST_FILE, manifest]]);
  for (const listed of filesOf(manifest)) {
    const path = join(to, listed.name);
    result.set(
      listed.name,
      (await kept(path, listed)) ?? (await fetched(files, `${from}/${listed.name}`, listed)),
    );
    await writeWhole(path, result.get(listed.name) ?? '');
  }
  return result;
}

type Listed = Manifest['files'][number];

function filesOf(manifest: Uint8Array): readonly Listed[] {
  try {
    return Manifest.parse(JSON.parse(Buffer.from(manifest).toString('utf8'))).files;
  } catch (err) {
    throw new BadResult(`${MANIFEST_FILE} is malformed: ${(err as Error).message}`, { cause: err });
  }
}

const isWhole = (content: Uint8Array, { bytes, sha256: digest }: Listed): boolean =>
  content.byteLength === bytes && sha256(content) === digest;

async function kept(path: string, listed: Listed): Promise<Uint8Array | null> {
  const content = await readFile(path).catch(() => null);
  return content !== null && isWhole(content, listed) ? content : null;
}

async function fetched(files: Files, path: string, listed: Listed): Promise<Uint8Array> {
  const { name, bytes } = listed;
  const size = await files.size(path);
  if (size === null) throw new BadResult(`${name} is missing.`);
  if (size !== bytes) throw new BadResult(`${name} has ${size} bytes; the manifest lists ${bytes}.`);
  const content = await files.read(path);
  if (content === null || !isWhole(content, listed))
    throw new BadResult(`${name} is not the file that the manifest lists: its digest differs.`);
  return content;
}

export const removeFetched = (to: string): Promise<void> => rm(to, { recursive: true, force: true });
