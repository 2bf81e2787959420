import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from './foreign.ts';

const run = promisify(execFile);
/** Where test/system/timescaledb.sh unpacks the server. */
const TREE = '/var/tmp/penstock-timescaledb';
const BIN = '/usr/lib/postgresql/17/bin';
const LONGEST_START_MS = 60_000;
const TRY_AGAIN_MS = 20;

/** Small, so that a copy of the disk is quick; all that makes it durable is as shipped. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_preload_libraries: 'timescaledb',
  'timescaledb.telemetry_level': 'off',
  dynamic_shared_memory_type: 'mmap',
  shared_buffers: '32MB',
  min_wal_size: '16MB',
  max_wal_size: '64MB',
  max_connections: '40',
  timezone: 'UTC',
};

/** A folder inside of the server's tree that a disk can be mounted on. */
export const placeForServer = (): string => join(TREE, 'mnt', `power-cut-${process.pid}-${Date.now()}`);

/** A TimescaleDB server whose data lie in a folder of the test's own; it is started and cut as often as needed. */
export interface NativeServer extends AsyncDisposable {
  readonly url: string;
  /** Its first process, while it runs. */
  pid(): number;
  runs(): boolean;
  /** Starts it, as a machine does after a power cut: settles with how long that took when it answers. */
  start(): Promise<number>;
  /** Makes a new empty database, in the place of the one before. */
  emptyDatabase(): Promise<void>;
}

const inTree = (program: string, args: readonly string[]) => [
  ...['--userspec=postgres:postgres', TREE, '/usr/bin/env', '-i', 'PATH=/usr/bin:/bin', 'LC_ALL=C.UTF-8'],
  ...[`${BIN}/${program}`, ...args],
];

/** Small pieces of shared memory outlive a killed server, and nothing ever takes them away. */
async function forgetSharedMemory(pid: number): Promise<void> {
  const [, ...lines] = (await readFile('/proc/sysvipc/shm', 'utf8')).trim().split('\n');
  for (const line of lines) {
    const [, id = '', , , creator] = line.trim().split(/\s+/);
    if (Number(creator) === pid) await run('ipcrm', ['-m', id]).catch(() => undefined);
  }
}

async function untilAnswers(url: string, said: () => string): Promise<void> {
  for (const end = performance.now() + LONGEST_START_MS; ;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (cause) {
      if (performance.now() > end) throw new Error(`The server does not start:\n${said()}`, { cause });
      await timers.setTimeout(TRY_AGAIN_MS);
    }
  }
}

/** Makes a cluster in `folder`, which lies inside of the server's tree. */
export async function aNativeServer(folder: string): Promise<NativeServer> {
  const data = join(folder, 'pgdata');
  const seen = data.slice(TREE.length);
  const { uid, gid } = await stat(join(TREE, 'var/lib/postgresql'));
  await mkdir(data, { recursive: true });
  await chown(data, uid, gid);
  await chmod(data, 0o700);
  await run('chroot', inTree('initdb', ['-D', seen, '-k', '-A', 'trust', '-E', 'UTF8', '--wal-segsize=4']));
  const port = await freePort();
  const address = (name: string) => `postgres://postgres@127.0.0.1:${port}/${name}`;
  let child: ReturnType<typeof spawn> | undefined;
  let said = '';

  const pid = () => {
    if (child?.pid === undefined) throw new Error('The server was not started.');
    return child.pid;
  };
  const runs = () => child?.exitCode === null && child.signalCode === null;
  const onServer = async (sql: string) => {
    const client = new pg.Client({ connectionString: address('postgres') });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  return {
    url: address('site'),
    pid,
    runs,
    async start() {
      if (child !== undefined) await forgetSharedMemory(pid());
      // The number in it may be another process by now, or one of the dead that is still listed.
      await rm(join(data, 'postmaster.pid'), { force: true });
      const settings = Object.entries({ ...SETTINGS, port }).flatMap(([key, value]) => [
        '-c',
        `${key}=${value}`,
      ]);
      const begun = performance.now();
      child = spawn('chroot', inTree('postgres', ['-D', seen, ...settings]), {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child.stderr?.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-8_000)));
      await untilAnswers(address('postgres'), () => said);
      return performance.now() - begun;
    },
    async emptyDatabase() {
      await onServer('drop database if exists site with (force)');
      await onServer('create database site');
    },
    async [Symbol.asyncDispose]() {
      if (child === undefined) return;
      if (runs()) {
        child.kill('SIGQUIT');
        await once(child, 'exit');
      }
      await forgetSharedMemory(pid());
    },
  };
}
