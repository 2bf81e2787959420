import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenAlarm } from '../alarms/open.ts';
import type { Plant } from '../store/plant.ts';

/** What a start needs of the database, kept beside it: so that a site collects while its database is away. */
export interface LastKnown {
  readonly plant: Plant;
  readonly openAlarms: readonly OpenAlarm[];
}

/** The plant is large and seldom changes, the open alarms are few and change at any time: each has a file. */
const plantIn = (folder: string) => join(folder, 'last-known.json');
const alarmsIn = (folder: string) => join(folder, 'open-alarms.json');

/** Undefined where nothing was kept yet. */
export async function readLastKnown(folder: string): Promise<LastKnown | undefined> {
  // An earlier version kept both in one file.
  const kept = await read<{ plant: Plant; openAlarms?: readonly OpenAlarm[] }>(plantIn(folder));
  if (kept === undefined) return undefined;
  const { plant } = kept;
  const openAlarms = (await read<readonly OpenAlarm[]>(alarmsIn(folder))) ?? kept.openAlarms ?? [];
  const rules = new Set(plant.rules.map(({ id }) => id));
  return {
    plant: { ...plant, tags: plant.tags.map((tag) => ({ ...NEW_IN_TAGS, ...tag })) },
    openAlarms: openAlarms.filter((alarm) => !('rule' in alarm) || rules.has(alarm.rule)),
  };
}

/** A copy that an earlier version kept lacks what tags have learned since. */
const NEW_IN_TAGS = { clamp: null, thin: null, write: null };

/** Keeps both; not the plant where it is the one that was `written` before. */
export async function writeLastKnown(
  folder: string,
  { plant, openAlarms }: LastKnown,
  written?: Plant,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (plant !== written) await replace(plantIn(folder), { plant });
  await replace(alarmsIn(folder), openAlarms);
}

async function read<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${path} cannot be read. Delete it and start again with the database up.`, {
      cause: err,
    });
  }
}

/** Old or new, never half: written beside, flushed, then renamed. */
async function replace(path: string, content: unknown): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(content));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}
