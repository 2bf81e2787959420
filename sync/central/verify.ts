import { Artefact, Manifest } from '../../forecasting/artefact.ts';
import { sha256 } from '../seal.ts';
import { ARTEFACT_FILE, MANIFEST_FILE } from './executor.ts';
import type { JobResult } from './executor.ts';

/** The job's result is not what it should be; the message says what is wrong. */
export class BadResult extends Error {
  override name = 'BadResult';
}

export interface Verified {
  /** The artefact's exact text: what is signed and sent. */
  readonly text: string;
  readonly artefact: Artefact;
}

/** Accepts a result only if the manifest vouches for each file, and the artefact is the one that was ordered. */
export function verifyResult(training: string, result: JobResult): Verified {
  const manifest = parsed(result, MANIFEST_FILE, (document) => Manifest.parse(document));
  if (manifest.order !== training)
    throw new BadResult(`The manifest is for the order ${manifest.order}, not for ${training}.`);
  for (const { name, bytes, sha256: digest } of manifest.files) {
    const content = fileOf(result, name);
    if (content.byteLength !== bytes || sha256(content) !== digest)
      throw new BadResult(`${name} is not the file that the manifest lists: size or digest differ.`);
  }
  if (!manifest.files.some(({ name }) => name === ARTEFACT_FILE))
    throw new BadResult(`The manifest does not list ${ARTEFACT_FILE}.`);
  const artefact = parsed(result, ARTEFACT_FILE, (document) => Artefact.parse(document));
  if (artefact.id !== training)
    throw new BadResult(`The artefact is of the order ${artefact.id}, not of ${training}.`);
  return { artefact, text: Buffer.from(fileOf(result, ARTEFACT_FILE)).toString('utf8') };
}

function fileOf(result: JobResult, name: string): Uint8Array {
  const content = result.get(name);
  if (content === undefined) throw new BadResult(`${name} is missing.`);
  return content;
}

function parsed<T>(result: JobResult, name: string, parse: (document: unknown) => T): T {
  const content = fileOf(result, name);
  try {
    return parse(JSON.parse(Buffer.from(content).toString('utf8')));
  } catch (err) {
    throw new BadResult(`${name} is malformed: ${(err as Error).message}`, { cause: err });
  }
}
