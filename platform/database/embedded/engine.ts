import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../../log.ts';
import { decoders } from '../decode.ts';
import { copyStatement, encodeRows } from '../encode.ts';
import type { Engine } from '../engine.ts';
import type { Load } from '../session.ts';
import { startHost } from './host.ts';
import type { Host } from './host.ts';
import { lockFolder } from '../../folder.ts';
import { wire } from './wire.ts';

/** Many statements end by themselves before a restart would have ended them. */
const CANCEL_GRACE_MS = 1_000;

/** Bulk loads go by a device of the package that holds one load at a time. */
function loaderOf(host: Host): Load {
  let last: Promise<unknown> = Promise.resolve();

  const loadNow: Load = async (client, target, rows) => {
    const remote = await host.remote();
    await remote.attach(encodeRows(target, rows));
    try {
      await client.query(copyStatement(target, `'/dev/blob'`));
    } finally {
      // A thread that is gone has taken the device along.
      await remote.detach().catch(() => undefined);
    }
  };
  return (client, target, rows) => {
    const turn = last.then(() => loadNow(client, target, rows));
    last = turn.catch(() => undefined);
    return turn;
  };
}

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
