import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../../log.ts';
import { decoders } from '../decode.ts';
import type { Engine } from '../engine.ts';
import type { Load } from '../session.ts';
import { startHost } from './host.ts';
import type { Host } from './host.ts';
import { lockFolder } from '../../folder.ts';
import { wire } from './wire.ts';

/** Many statements end by themselves before a restart would have ended them. */
const CANCEL_GRACE_MS = 1_000;

/** Bulk loads go by a device of the package: the bytes travel with the statement that reads them, when its turn comes. */
const loaderOf =
  (host: Host): Load =>
  (client, sql, bytes) =>
    new Promise((resolve, reject) => {
      const ended = (err?: Error | null) => (err ? reject(err) : resolve());
      const query = new pg.Query(sql(`'/dev/blob'`), ended);
      const submit = query.submit.bind(query);
      query.submit = (connection) => {
        host.attach(bytes);
        submit(connection);
      };
      client.query(query);
    });

function poolOver(host: Host, log: Logger): pg.Pool {
  // `stream` is known to the driver, not to its types. All that the environment could set is set here.
  const config: pg.PoolConfig & { stream: () => unknown } = {
    stream: () => wire(() => host.session()),
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: 0,
    host: 'embedded',
    user: 'postgres',
    database: 'template1',
    password: '',
    ssl: false,
    types: decoders,
  };
  const pool = new pg.Pool(config);
  pool.on('error', (err) => log.debug({ err }, 'Lost the session of the embedded database.'));
  pool.on('connect', (client) => {
    client.on('error', (err) => log.debug({ err }, 'Lost the session of the embedded database.'));
  });
  return pool;
}

interface EmbeddedOptions {
  readonly folder: string;
  readonly log: Logger;
  /** The thread's first file, where it is not the usual one. */
  readonly entry?: URL;
}

/** TimescaleDB in a thread of this process, in a folder that is ours alone. */
export async function embeddedEngine(options: EmbeddedOptions): Promise<Engine> {
  const { folder, log } = options;
  const lock = await lockFolder(folder);
  let tellLost: (reason: Error) => void = () => undefined;
  try {
    const host = await startHost({ ...options, onLost: (reason) => tellLost(reason) });
    const pool = poolOver(host, log);
    return {
      kind: 'embedded',
      where: folder,
      pool,
      load: loaderOf(host),
      onLost: (tell) => {
        tellLost = tell;
      },
      stopReaching: host.stopReopening,
      limit: () => Promise.resolve(),
      async interrupt() {
        const statement = host.running();
        if (statement === undefined) return;
        await Promise.race([statement, setTimeout(CANCEL_GRACE_MS, undefined, { ref: false })]);
        if (host.running() === statement) await host.restart();
      },
      async [Symbol.asyncDispose]() {
        await pool.end();
        await host[Symbol.asyncDispose]();
        await lock[Symbol.asyncDispose]();
      },
    };
  } catch (err) {
    await lock[Symbol.asyncDispose]();
    throw err;
  }
}
