import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Logger } from '../log.ts';
import { decoders } from './decode.ts';
import type { Engine } from './engine.ts';
import type { Load } from './session.ts';
import { endSilentConnections } from './silence.ts';
import { countedSockets } from './sockets.ts';

const STATEMENT_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_MS = 30_000;
/** What is under way at the end has this long. A host that has vanished does not answer the good-bye either. */
const GOODBYE_MS = 1_500;
const KEEP_ALIVE_MS = 10_000;

interface NativeOptions {
  readonly url: string;
  readonly name: string;
  readonly poolSize: number;
  readonly log: Logger;
}

/** `user@host:port/database`, for messages. */
function whereIs(url: string): string {
  try {
    const { username, host, pathname, searchParams } = new URL(url);
    const user = username === '' ? '' : `${username}@`;
    return `${user}${host === '' ? (searchParams.get('host') ?? 'localhost') : host}${pathname}`;
  } catch (cause) {
    throw new Error(
      "database.url is not an address. Use 'embedded' or postgres://user:password@host:5432/database.",
      { cause },
    );
  }
}

const load: Load = async (client, sql, bytes) => {
  const stream = client.query(copyFrom(sql('stdin')));
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject).on('finish', resolve);
    stream.end(bytes);
  });
};

/** The server's number for a connection, which the driver's types hide. */
const processOf = (client: pg.ClientBase): number =>
  (client as pg.ClientBase & { readonly processID: number }).processID;

/** A connection beside the pool, for one statement. */
async function aside(
  connection: pg.ClientConfig,
  sql: string,
  values: unknown[],
  log: Logger,
): Promise<void> {
  const client = new pg.Client({ ...connection, query_timeout: CONNECT_TIMEOUT_MS });
  client.on('error', (err) => log.debug({ err }, 'Lost a connection beside the pool.'));
  try {
    await client.connect();
    await client.query(sql, values);
  } finally {
    await client.end();
  }
}

/** A TimescaleDB server at a `postgres://` address; TLS by the address's `sslmode` and its neighbours. */
export function nativeEngine({ url, name, poolSize, log }: NativeOptions): Engine {
  const where = whereIs(url);
  const connection = {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  };
  const config: pg.PoolConfig & { onConnect: (client: pg.ClientBase) => Promise<unknown> } = {
    ...connection,
    types: decoders,
    max: poolSize,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    onConnect: (client) => client.query("set timezone = 'UTC'"),
  };
  const sockets = countedSockets();
  const pool = new pg.Pool({ ...config, stream: sockets.stream });
  // Without these listeners a connection that breaks while nobody uses it would end the process.
  const silence = endSilentConnections(pool, () => aside(connection, 'select 1', [], log));
  let tellLost: (reason: Error) => void = () => undefined;
  pool.on('error', (err) => {
    log.debug({ err }, 'Lost an idle database connection.');
    tellLost(err);
  });
  pool.on('connect', (client) => {
    client.on('error', (err) => log.debug({ err }, 'Lost a database connection.'));
  });
  return {
    kind: 'native',
    where,
    pool,
    load,
    onLost: (tell) => {
      tellLost = tell;
    },
    stopReaching: () => void setTimeout(sockets.cut, GOODBYE_MS).unref(),
    async limit(client, timeoutMs) {
      if (timeoutMs === null) await client.query('reset statement_timeout');
      else await client.query(`set statement_timeout = ${Math.max(1, Math.ceil(timeoutMs))}`);
    },
    interrupt: (client) => aside(connection, 'select pg_cancel_backend($1)', [processOf(client)], log),
    async [Symbol.asyncDispose]() {
      silence[Symbol.dispose]();
      const late = setTimeout(sockets.cut, GOODBYE_MS);
      await pool.end();
      clearTimeout(late);
    },
  };
}
