import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'handed-over.json';
const SAVE_EVERY_MS = 10_000;

/** Up to which time everything has reached the broker. It outlives a restart and a power cut. */
export interface Progress {
  readonly until: number;
  /** Written to disk every ten seconds of progress. */
  advance(until: number): Promise<void>;
  save(): Promise<void>;
}

/** Takes up where the last run ended, but never before `earliest`. */
export async function openProgress(folder: string, earliest: number): Promise<Progress> {
  const path = join(folder, FILE);
  await mkdir(folder, { recursive: true });
  let saved = (await recall(path)) ?? 0;
  let until = Math.max(saved, earliest);

  const save = async () => {
    if (until === saved) return;
    saved = until;
    await remember(path, until);
  };
  return {
    get until() {
      return until;
    },
    async advance(at) {
      until = Math.max(until, at);
      if (until - saved >= SAVE_EVERY_MS) await save();
    },
    save,
  };
}

async function recall(path: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw err;
  }
  const until = Date.parse(/^\{"until":"(.+)"\}$/m.exec(text)?.[1] ?? '');
  if (!Number.isNaN(until)) return until;
  throw new Error(`${path} is damaged. Delete it: the history is then handed over once more.`);
}

async function remember(path: string, until: number): Promise<void> {
  {
    await using file = await open(`${path}.new`, 'w');
    await file.writeFile(`${JSON.stringify({ until: new Date(until).toISOString() })}\n`);
    await file.sync();
  }
  await rename(`${path}.new`, path);
}
