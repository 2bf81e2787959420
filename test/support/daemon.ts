import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

/** `penstock` as a clone has it. */
export const FROM_SOURCE = fileURLToPath(new URL('../../deploy/penstock.mjs', import.meta.url));
/** `penstock` as it is installed, where the run has built it, which starts in two thirds of the time. */
export const PENSTOCK = process.env['PENSTOCK_TEST_PROGRAM'] ?? FROM_SOURCE;

export interface Daemon extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildProcess;
  /** What it wrote so far, both streams. */
  output(): string;
  /** Ends it at once, as a power cut of its process would. */
  kill(): Promise<void>;
  /** Ends it orderly and answers its exit code. */
  stop(): Promise<number | null>;
}

/** Runs `penstock WORDS` as a process of its own until disposed of. */
export function startPenstock(
  words: readonly string[],
  url: string,
  program = PENSTOCK,
  env: Readonly<Record<string, string>> = {},
): Daemon {
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '--trace-warnings', ...env },
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const orphan = () => child.kill();
  process.once('exit', orphan);
  void exited.then(() => process.off('exit', orphan));
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return exited;
  };
  return {
    url,
    process: child,
    output: () => output,
    kill: async () => {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL');
    },
  };
}

export const startDaemon = (
  name: 'gateway' | 'central',
  config: string,
  port: number,
  env: Readonly<Record<string, string>> = {},
): Daemon => startPenstock([name, '--config', config], `http://127.0.0.1:${port}`, PENSTOCK, env);

/** Asks until the answer satisfies, or the daemon has ended. */
export async function until<T>(
  daemon: Daemon,
  ask: () => Promise<T>,
  good: (answer: T) => boolean,
): Promise<T> {
  for (;;) {
    if (daemon.process.exitCode !== null || daemon.process.signalCode !== null)
      throw new Error(`The daemon ended:\n${daemon.output()}`);
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && good(answer)) return answer;
    await timers.setTimeout(100);
  }
}

/** A figure for whoever reads the output of a test. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`);

export const health = async (url: string) =>
  (await (await fetch(`${url}/health`)).json()) as {
    status: string;
    checks: Record<string, { status: string; message: string }>;
  };

/** Waits until it answers at all. */
export const untilUp = (daemon: Daemon) =>
  until(
    daemon,
    () => health(daemon.url),
    () => true,
  );

/** The code with which the first administrator of a daemon is made. It is there once the database is up to date. */
export async function setUpCodeIn(dataFolder: string): Promise<string> {
  const giveUpAt = Date.now() + 60_000;
  for (;;) {
    const code = (await readFile(join(dataFolder, 'setup-code'), 'utf8').catch(() => '')).trim();
    if (code !== '') return code;
    if (Date.now() > giveUpAt) throw new Error(`${dataFolder} holds no set-up code.`);
    await timers.setTimeout(50);
  }
}

/** Writes a gateway's folder: gateway.yaml, plant.yaml, secrets. Answers the path of gateway.yaml. */
export async function writeSite(
  folder: string,
  {
    port,
    database,
    plant,
    secrets = {},
  }: { port: number; database: string; plant: object; secrets?: Record<string, string> },
): Promise<string> {
  const data = join(folder, 'data');
  await mkdir(join(data, 'secrets'), { recursive: true });
  for (const [name, value] of Object.entries(secrets)) await writeFile(join(data, 'secrets', name), value);
  await writeFile(join(folder, 'plant.yaml'), stringify(plant));
  const config = join(folder, 'gateway.yaml');
  await writeFile(
    config,
    stringify({
      mode: 'evaluation',
      data,
      plant: join(folder, 'plant.yaml'),
      web: { port, transport: 'node' },
      database: { url: database },
      log: { level: 'info' },
    }),
  );
  return config;
}
