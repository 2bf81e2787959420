import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sha256 } from '../seal.ts';

/** The training program: one file that a machine with Node 20 or later runs, and nothing else. */
export interface Program {
  /** SHA-256 of its bytes: its version. */
  readonly hash: string;
  readonly bytes: Uint8Array;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FROM_SOURCE = import.meta.url.endsWith('.ts');
const BUNDLER = 'deploy/program.mjs';
const CACHE = join(ROOT, 'node_modules/.cache/penstock');
const BUNDLE = /^training-program-[0-9a-f]+\.mjs$/;
const LONGEST_BUILD_MS = 120_000;

let made: Promise<Program> | null = null;

/** The program of this version. The build has laid it down; from source it is bundled when first asked for. */
export function trainingProgram(): Promise<Program> {
  made ??= readProgram().catch((err: unknown) => {
    made = null;
    throw err;
  });
  return made;
}

async function readProgram(): Promise<Program> {
  const bytes = await readFile(FROM_SOURCE ? await bundled() : join(ROOT, 'forecasting/job/main.js'));
  return { hash: sha256(bytes), bytes };
}

/** Where the bundle of these sources is kept, beside what else is made of them; bundles of earlier ones go. */
async function bundled(): Promise<string> {
  const name = `training-program-${await digestOfSources()}.mjs`;
  const path = join(CACHE, name);
  const kept = (await readdir(CACHE).catch(() => [])).filter((entry) => BUNDLE.test(entry));
  if (kept.includes(name)) return path;
  // It appears there whole or not at all.
  await promisify(execFile)(process.execPath, [join(ROOT, BUNDLER), path], { timeout: LONGEST_BUILD_MS });
  for (const entry of kept) await rm(join(CACHE, entry), { force: true });
  return path;
}

async function digestOfSources(): Promise<string> {
  const entries = await readdir(join(ROOT, 'forecasting'), { recursive: true });
  const sources = entries.filter((name) => name.endsWith('.ts')).map((name) => join('forecasting', name));
  const hash = createHash('sha256');
  for (const path of [BUNDLER, 'package-lock.json', ...sources.sort()])
    hash.update(path).update(await readFile(join(ROOT, path)));
  return hash.digest('hex');
}
