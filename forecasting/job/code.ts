import { readFileSync } from 'node:fs';
import { isBundled } from '../packages.ts';
import { sha256 } from './hash.ts';

/** The program's version: the SHA-256 of its one file; `source` where it runs from its sources. */
export const codeVersion = (): string =>
  isBundled ? sha256(readFileSync(new URL(import.meta.url))) : 'source';
