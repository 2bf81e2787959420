import { once } from 'node:events';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { Refusal } from './cli.ts';

/** For people only: a number in a file proves nothing, the socket does. */
const PID_FILE = 'pid';

const codeOf = (err: unknown): unknown => (err instanceof Error && 'code' in err ? err.code : undefined);

/** An abstract socket ends with its process, however that ends; elsewhere a socket file has to do. */
async function addressFor(folder: string): Promise<string> {
  if (process.platform !== 'linux') return join(folder, 'lock');
  const { dev, ino } = await stat(folder, { bigint: true });
  return `\0penstock-folder-${dev}-${ino}`;
}

async function listen(address: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  server.listen(address);
  try {
    await once(server, 'listening');
  } catch (err) {
    if (codeOf(err) === 'EADDRINUSE') return null;
    throw err;
  }
  server.unref();
  return server;
}

/** True where a socket file is left over from a process that has ended. */
async function isLeftOver(address: string): Promise<boolean> {
  if (address.startsWith('\0')) return false;
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

/** Another process has the folder; the message says which. */
export class FolderInUse extends Refusal {
  override name = 'FolderInUse';
  readonly folder: string;
  readonly holder: string;
  constructor(folder: string, holder: string) {
    super(`The folder ${folder} is in use by ${holder}. Stop that one first, or set another folder.`);
    this.folder = folder;
    this.holder = holder;
  }
}

/** Takes the folder for this process, or rejects naming the process that has it. Two at once would lose data silently. */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const address = await addressFor(folder);
  let server = await listen(address);
  if (server === null && (await isLeftOver(address))) {
    await rm(address, { force: true });
    server = await listen(address);
  }
  const pidFile = join(folder, PID_FILE);
  if (server === null) {
    const pid = (await readFile(pidFile, 'utf8').catch(() => '')).trim();
    throw new FolderInUse(folder, pid === '' ? 'another process' : `process ${pid}`);
  }
  await writeFile(pidFile, `${process.pid}\n`);
  const held = server;
  return {
    async [Symbol.asyncDispose]() {
      await rm(pidFile, { force: true });
      held.close();
      await once(held, 'close');
    },
  };
}
