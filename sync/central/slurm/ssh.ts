import { createHash } from 'node:crypto';
import { Client } from 'ssh2';
import type { SFTPWrapper } from 'ssh2';
import { timeLimit } from '../../../platform/time-limit.ts';
import type { Breaker } from './breaker.ts';
import { filesOver } from './files.ts';
import type { Files } from './files.ts';
import { slots } from './slots.ts';

/** Login nodes allow ten sessions a connection; other work of the account needs some too. */
const CHANNELS = 4;
const READY_MS = 20_000;
const KEEP_ALIVE_MS = 10_000;
const KEEP_ALIVES = 3;
/** No command of ours prints that much. */
const MOST_OUTPUT = 16 * 1024 * 1024;

export interface SshAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The private key's text. */
  readonly key: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly hostKey: string;
}

/** How a command ended. `code` null: the link or the time was cut, so nobody knows what it did. */
export interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Nothing was sent: there is no connection. */
export class NotConnected extends Error {
  override name = 'NotConnected';
}

/** One connection to a login node, made when it is needed and again when it was lost. */
export interface Ssh extends Disposable {
  run(command: string, options: { input?: string; deadlineMs: number }, signal: AbortSignal): Promise<Answer>;
  /** Gives the files of the cluster to `work`, which has to end in time. */
  files<T>(
    work: (files: Files) => Promise<T>,
    options: { deadlineMs: number },
    signal: AbortSignal,
  ): Promise<T>;
}

export function openSsh(address: SshAddress, breaker: Breaker): Ssh {
  const inSlot = slots(CHANNELS);
  let current: { client: Client; ready: Promise<Client> } | null = null;
  const connected = (): Promise<Client> => {
    if (current !== null) return current.ready;
    const client = new Client();
    const forget = () => {
      if (current?.client === client) current = null;
    };
    client.once('close', forget);
    const ready = connect(client, address, breaker).catch((err: unknown) => {
      forget();
      const why = `No connection to ${address.host}: ${(err as Error).message}`;
      breaker.failed(why);
      throw new NotConnected(why, { cause: err });
    });
    current = { client, ready };
    return ready;
  };
  const inChannel = <T>(work: (client: Client) => Promise<T>): Promise<T> =>
    inSlot(async () => {
      if (!breaker.allows()) throw new NotConnected(breaker.view().problem ?? 'The cluster is away.');
      return work(await connected());
    });
  return {
    run: (command, { input, deadlineMs }, signal) =>
      inChannel((client) => exec(client, { command, input }, timeLimit(deadlineMs, signal))),
    files: (work, { deadlineMs }, signal) =>
      inChannel((client) => withFiles(client, work, timeLimit(deadlineMs, signal))),
    [Symbol.dispose]() {
      current?.client.destroy();
    },
  };
}

const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

function connect(
  client: Client,
  { host, port, user, key, hostKey }: SshAddress,
  breaker: Breaker,
): Promise<Client> {
  return new Promise((resolve, reject) => {
    client.once('ready', () => resolve(client));
    client.once('close', () => reject(new Error('the connection was closed')));
    client.on('error', reject);
    client.connect({
      ...{ host, port, username: user, privateKey: key, readyTimeout: READY_MS },
      ...{ keepaliveInterval: KEEP_ALIVE_MS, keepaliveCountMax: KEEP_ALIVES },
      hostVerifier: (offered: Buffer) => {
        const found = fingerprint(offered);
        if (found === hostKey) return true;
        breaker.lock(
          `The host key of ${host} is ${found}, not ${hostKey} as configured: either the login node was set up anew, or somebody stands between. Nothing is sent until 'hostKey' is right.`,
        );
        return false;
      },
    });
  });
}

/** Settles with what is known when `limit` aborts. Rejects with `NotConnected` only if nothing was started. */
function exec(
  client: Client,
  { command, input }: { command: string; input: string | undefined },
  limit: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    const settle = (code: number | null, why = '') => {
      limit.removeEventListener('abort', late);
      resolve({ code, out, err: err + why });
    };
    const late = () => settle(null, String(limit.reason));
    limit.addEventListener('abort', late);
    if (limit.aborted) {
      reject(new NotConnected('There was no time left.', { cause: limit.reason }));
      return;
    }
    client.exec(command, (failure, stream) => {
      if (failure !== undefined) {
        limit.removeEventListener('abort', late);
        if (/Channel open failure|Not connected/.test(failure.message))
          reject(new NotConnected(failure.message, { cause: failure }));
        else settle(null, failure.message);
        return;
      }
      stream.on('data', (bytes: Buffer) => {
        if (out.length < MOST_OUTPUT) out += bytes.toString();
      });
      stream.stderr.on('data', (bytes: Buffer) => {
        if (err.length < MOST_OUTPUT) err += bytes.toString();
      });
      stream.on('close', (code: unknown) => settle(typeof code === 'number' ? code : null));
      stream.on('error', (cause: Error) => settle(null, cause.message));
      limit.addEventListener('abort', () => stream.destroy(), { once: true });
      stream.end(input);
    });
  });
}

async function withFiles<T>(
  client: Client,
  work: (files: Files) => Promise<T>,
  limit: AbortSignal,
): Promise<T> {
  const done = new AbortController();
  const over = new Promise<never>((_, reject) => {
    const lost = () => reject(new Error('The connection was lost.'));
    client.once('close', lost);
    limit.addEventListener('abort', () => reject(limit.reason as Error), { signal: done.signal });
    done.signal.addEventListener('abort', () => client.off('close', lost));
  });
  over.catch(() => undefined);
  const opening = new Promise<SFTPWrapper>((resolve, reject) => {
    client.sftp((err, sftp) => {
      if (err === undefined) resolve(sftp);
      else reject(err);
    });
  });
  // Also one that opens too late.
  void opening.then((sftp) => done.signal.addEventListener('abort', () => sftp.end())).catch(() => undefined);
  try {
    const sftp = await Promise.race([opening, over]);
    return await Promise.race([work(filesOver(sftp)), over]);
  } finally {
    done.abort();
  }
}
