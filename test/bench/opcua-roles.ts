import { execFile, fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { writeSite } from '../support/daemon.ts';
import { freePort } from '../support/foreign.ts';
import { nodeOptions } from './installed.ts';
import { figuresOf, plantOf } from './opcua-plant.ts';
import type { Figures } from './opcua-plant.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Within `node_modules`, so that what is compiled finds its packages. */
const BUILD = join(ROOT, 'node_modules/.cache/penstock-bench');
const LAST_WORDS = 2_000;

/** A process that listens to the server. */
export interface Client extends AsyncDisposable {
  readonly pid: number;
  /** How many readings it has had. */
  readings(): Promise<number>;
  /** What it said last. */
  lastWords?(): string;
}

/** Compiles all roles, as the product is installed: from source each would hold a compiler as well. */
export async function build(): Promise<void> {
  const compile = [join(ROOT, 'deploy/build.mjs'), join(BUILD, 'dist'), 'test/bench/tsconfig.json'];
  await promisify(execFile)(process.execPath, compile);
  await mkdir(join(BUILD, 'deploy'), { recursive: true });
  for (const file of ['package.json', 'deploy/penstock.mjs'])
    await copyFile(join(ROOT, file), join(BUILD, file));
}

const role = (name: string, words: readonly string[]): ChildProcess =>
  fork(join(BUILD, `dist/test/bench/opcua-${name}-entry.js`), words, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function said<Message>(child: ChildProcess): Promise<Message> {
  const over = new AbortController();
  const ended = once(child, 'exit', { signal: over.signal }).then(([code]) => {
    throw new Error(`A process of the benchmark ended with code ${String(code)}.`);
  });
  ended.catch(() => undefined);
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [Message];
  over.abort();
  return message;
}

/** The server, in a process of its own. */
export async function server(): Promise<{ endpoint: string } & AsyncDisposable> {
  const child = role('server', []);
  const { port } = await said<{ port: number }>(child);
  return { endpoint: `opc.tcp://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => end(child) };
}

/** The library alone (`bare`), or a source in its thread with nothing behind it (`collect`). */
export function client(name: 'bare' | 'collect', words: readonly string[]): Client {
  const child = role(name, words);
  return {
    pid: child.pid ?? 0,
    async readings() {
      child.send('how many?');
      return (await said<{ readings: number }>(child)).readings;
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

interface Site {
  readonly tags: number;
  readonly endpoint: string;
  readonly database: string;
  readonly folder: string;
}

/** The gateway as it is installed, with a plant of so many tags. It counts what is stored. */
export async function gateway({
  tags,
  endpoint,
  database,
  folder,
}: Site): Promise<Client & { figures(): Promise<Figures> }> {
  const port = await freePort();
  const config = await writeSite(folder, { port, database, plant: plantOf(tags, endpoint) });
  const words = [join(BUILD, 'deploy/penstock.mjs'), 'gateway', '--config', config];
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: await nodeOptions() },
  });
  let lastWords = '';
  child.stdout.on('data', (text: Buffer) => (lastWords = (lastWords + text.toString()).slice(-LAST_WORDS)));
  const figures = () => figuresOf(`http://127.0.0.1:${port}`);
  return {
    pid: child.pid ?? 0,
    figures,
    readings: async () => (await figures()).stored,
    lastWords: () => lastWords,
    [Symbol.asyncDispose]: () => end(child),
  };
}
