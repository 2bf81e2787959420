import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenAlarm } from '../alarms/open.ts';
import type { Plant } from '../store/plant.ts';

/** What a start needs of the database, kept beside it: so that a site collects while its database is away. */
export interface LastKnown {
  readonly plant: Plant;
  readonly openAlarms: readonly OpenAlarm[];
}

const fileIn = (folder: string) => join(folder, 'last-known.json');

/** Undefined where nothing was kept yet. */
export async function readLastKnown(folder: string): Promise<LastKnown | undefined> {
  try {
    return whole(JSON.parse(await readFile(fileIn(folder), 'utf8')) as LastKnown);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${fileIn(folder)} cannot be read. Delete it and start again with the database up.`, {
      cause: err,
    });
  }
}

/** A copy that an earlier version kept lacks what tags have learned since. */
const whole = ({ plant, ...rest }: LastKnown): LastKnown => ({
  ...rest,
  plant: { ...plant, tags: plant.tags.map((tag) => ({ ...NEW_IN_TAGS, ...tag })) },
});
const NEW_IN_TAGS = { clamp: null, thin: null, write: null };

/** Old or new, never half: written beside, flushed, then renamed. */
export async function writeLastKnown(folder: string, known: LastKnown): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const beside = `${fileIn(folder)}.new`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(known));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, fileIn(folder));
}
