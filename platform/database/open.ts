import type { Logger } from '../log.ts';
import { databaseOver } from './database.ts';
import type { Database } from './db.ts';
import { nativeEngine } from './native.ts';

const POOL_SIZE = 8;

export interface DatabaseOptions {
  /** `embedded`, or the `postgres://` address of a TimescaleDB server. */
  readonly url: string;
  /** Where the embedded database lives. */
  readonly folder: string;
  /** What the server's lists of connections show. */
  readonly name: string;
  readonly poolSize?: number;
  readonly log: Logger;
}

/**
 * Opens the database. A server that is away does not fail this: see `available` and `problem`, and wait with `ready`.
 * It does fail on a wrong address, and where the embedded database cannot be used safely.
 */
export async function openDatabase({
  url,
  folder,
  name,
  poolSize = POOL_SIZE,
  log,
}: DatabaseOptions): Promise<Database> {
  if (url === 'embedded') {
    const { embeddedEngine } = await import('./embedded/engine.ts');
    return databaseOver(await embeddedEngine({ folder, log }), log);
  }
  if (!/^postgres(ql)?:\/\//.test(url))
    throw new Error("database.url must be 'embedded' or begin with postgres://.");
  return databaseOver(nativeEngine({ url, name, poolSize, log }), log);
}
