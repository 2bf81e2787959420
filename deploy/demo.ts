import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Command } from '../platform/cli.ts';
import { Refusal, required } from '../platform/cli.ts';
import { environment } from '../platform/config.ts';
import { timeLimit } from '../platform/time-limit.ts';

const PENSTOCK = fileURLToPath(new URL('./penstock.mjs', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('./examples/', import.meta.url));
const STOPPING_MS = 12_000;
const STARTING_MS = 120_000;
/** Long enough to see on screen that the plant is off. */
const PLANT_AGAIN_MS = 15_000;

interface Part {
  readonly name: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
}

/** Makes the secrets that the demo's parts share, once, so that no password stands in a file that is shipped. */
function makeSecrets(data: string): void {
  for (const [secret, holders] of [
    ['demo-opcua', ['gateway']],
    ['demo-mqtt', ['gateway']],
    ['demo-enrolment', ['gateway', 'central']],
  ] as const) {
    const value = randomBytes(24).toString('base64url');
    for (const holder of holders) {
      const folder = join(data, holder, 'secrets');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (!existsSync(join(folder, secret))) writeFileSync(join(folder, secret), value, { mode: 0o600 });
    }
  }
}

/** Starts one command as a process of its own. Its log goes to a file; what needs a person also to the terminal. */
function startPart(name: string, data: string, words: readonly string[]): Part {
  const log = join(data, `${name}.log`);
  const child = spawn(process.execPath, [PENSTOCK, name, ...words], {
    env: { ...environment, PENSTOCK_BACKUP__FOLDER: join(data, name, 'backups') },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const file = createWriteStream(log, { flags: 'a', mode: 0o600 });
  child.stdout.pipe(file, { end: false });
  child.stderr.on('data', (text: Buffer) => {
    file.write(text);
    process.stderr.write(text);
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { name, child, ended };
}

interface Ended {
  readonly name: string;
  readonly code: number | null;
}

interface Health {
  readonly status: string;
  readonly checks: Readonly<Record<string, { readonly status: string; readonly message: string }>>;
}

async function health(url: string, signal: AbortSignal): Promise<Health | undefined> {
  try {
    const answer = await fetch(`${url}/health`, {
      signal: timeLimit(2_000, signal),
    });
    return (await answer.json()) as Health;
  } catch {
    return undefined;
  }
}

/** Waits until the daemon says that it is well, and tells what it still waits for if that takes long. */
async function untilWell(url: string, name: string, signal: AbortSignal): Promise<void> {
  const until = Date.now() + STARTING_MS;
  let last: Health | undefined;
  while (Date.now() < until) {
    last = (await health(url, signal)) ?? last;
    if (last?.status === 'ok') return;
    await sleep(500, undefined, { signal });
  }
  const missing = Object.entries(last?.checks ?? {}).filter(([, check]) => check.status !== 'ok');
  process.stdout.write(`  ${name} is up but not well yet:\n`);
  for (const [check, { message }] of missing) process.stdout.write(`    ${check}: ${message}\n`);
}

function announce(name: string, url: string, folder: string): void {
  const file = join(folder, 'setup-code');
  const code = existsSync(file)
    ? `set-up code: ${readFileSync(file, 'utf8').trim()}`
    : 'sign in with your name and password';
  process.stdout.write(`  ${name.padEnd(14)} ${url}    ${code}\n`);
}

/** Ends the parts one after another, the plant last, so that the gateway's inputs stop before their source does. */
async function stopParts(parts: readonly Part[]): Promise<void> {
  for (const { child, ended, name } of parts) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    const done = await Promise.race([ended.then(() => true), sleep(STOPPING_MS, false, { ref: false })]);
    if (!done) {
      process.stderr.write(`${name} did not end within ${STOPPING_MS / 1000} s and was killed.\n`);
      child.kill('SIGKILL');
    }
    const code = await ended;
    if (code !== 0 && done) process.stderr.write(`${name} ended with code ${String(code)}.\n`);
  }
}

/** Waits for a fault of the plant. One that was ended from outside is started again: see its tags turn stale, and recover. */
async function keepPlant(parts: Part[], start: () => Part, signal: AbortSignal): Promise<Ended> {
  for (;;) {
    const plant = start();
    parts.push(plant);
    const code = await plant.ended;
    if (code !== 0 && code !== null) return { name: plant.name, code };
    if (!signal.aborted)
      process.stdout.write(`The simulated plant was ended. It starts again in ${PLANT_AGAIN_MS / 1000} s.\n`);
    await sleep(PLANT_AGAIN_MS, undefined, { signal });
    parts.splice(parts.indexOf(plant), 1);
  }
}

async function runDemo(data: string, signal: AbortSignal): Promise<void> {
  makeSecrets(data);
  const started = Date.now();
  const secrets = join(data, 'gateway', 'secrets');
  process.stdout.write(
    `Penstock demo: a simulated chemical plant, its gateway and a central node. Data in ${data}.\n`,
  );
  const plant = () =>
    startPart('simulate', data, [
      ...['--data', join(data, 'simulate')],
      ...['--opcua-password-file', join(secrets, 'demo-opcua')],
      ...['--mqtt-password-file', join(secrets, 'demo-mqtt')],
    ]);
  const config = (name: string) => [
    '--config',
    join(EXAMPLES, `demo-${name}.yaml`),
    '--data',
    join(data, name),
  ];
  const gateway = startPart('gateway', data, config('gateway'));
  const central = startPart('central', data, config('central'));
  const parts = [gateway, central];
  const failed = Promise.race([
    ...parts.map(async ({ name, ended }): Promise<Ended> => ({ name, code: await ended })),
    keepPlant(parts, plant, signal),
  ]);

  try {
    const ready = (async () => {
      await untilWell('http://127.0.0.1:8080', 'The gateway', signal);
      await untilWell('http://127.0.0.1:8090', 'The central node', signal);
      process.stdout.write(
        `Running after ${((Date.now() - started) / 1000).toFixed(0)} s. Open in a browser:\n`,
      );
      announce('gateway', 'http://127.0.0.1:8080', join(data, 'gateway'));
      announce('central node', 'http://127.0.0.1:8090', join(data, 'central'));
      process.stdout.write(`Logs are in ${data}. Ctrl-C ends it; the data stays.\n`);
      await once(signal, 'abort');
    })();
    const first = await Promise.race([failed, ready]);
    if (first !== undefined) {
      throw new Refusal(
        `'${first.name}' ended with code ${String(first.code)}; see above and ${join(data, `${first.name}.log`)}.`,
      );
    }
  } catch (err) {
    if (!signal.aborted) throw err;
  } finally {
    await stopParts(parts);
  }
}

export const demo: Command = {
  name: 'demo',
  summary: 'Runs a simulated plant, a gateway on 127.0.0.1:8080 and a central node on 127.0.0.1:8090.',
  options: {
    data: { type: 'string', default: 'data', help: 'folder of the databases, keys and logs (./data)' },
  },
  async run(values) {
    const stop = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
    await runDemo(required(values, 'data'), stop.signal);
  },
};
