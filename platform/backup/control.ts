import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { Refusal } from '../cli.ts';
import type { Logger } from '../log.ts';

/** The data folder belongs to the daemon's user alone: whoever can open this socket may do all that the daemon may. */
const SOCKET = 'control';
const MOST_BYTES = 10_000;

const Order = z.strictObject({
  backup: z.strictObject({ into: z.string().min(1), testRestore: z.boolean() }),
});
export type BackupOrder = z.infer<typeof Order>['backup'];
const Answer = z.strictObject({ said: z.string().optional(), refused: z.string().optional() });

/** Does what is asked for, and settles with what to tell. `signal` aborts when who asked has gone. */
export type Obey = (order: BackupOrder, signal: AbortSignal) => Promise<string>;

/** The first line. Listening goes on, so that the end of the other side is noticed. */
const readLine = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    let line = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      if (line.length < MOST_BYTES) line += piece;
      if (line.includes('\n')) resolve(line);
    });
    socket.once('close', () => reject(new Error('The order ended before its line did.')));
  });

async function serve(socket: Socket, obey: Obey, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  socket.on('error', () => gone.abort()).on('close', () => gone.abort());
  try {
    const { backup } = Order.parse(JSON.parse(await readLine(socket)));
    const said = await obey(backup, AbortSignal.any([gone.signal, signal]));
    socket.end(`${JSON.stringify({ said })}\n`);
  } catch (err) {
    socket.end(`${JSON.stringify({ refused: err instanceof Error ? err.message : String(err) })}\n`);
  }
}

/** Takes orders of commands on this machine, while the daemon holds what they would need. */
export async function openControl(data: string, obey: Obey, log: Logger): Promise<AsyncDisposable> {
  const path = join(data, SOCKET);
  const stop = new AbortController();
  const open = new Set<Promise<void>>();
  const server = createServer((socket) => {
    const served = serve(socket, obey, stop.signal).finally(() => open.delete(served));
    open.add(served);
  });
  // The folder is locked: what is there was left by a process that is dead.
  await rm(path, { force: true });
  try {
    server.listen(path);
    await once(server, 'listening');
    await chmod(path, 0o600);
  } catch (err) {
    log.warn(
      { err, path },
      "Cannot listen for 'penstock backup'; backups by the clock are made all the same.",
    );
  }
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(open);
      if (server.listening) {
        server.close();
        await once(server, 'close');
      }
    },
  };
}

/** Has the daemon that holds the data folder do it. Settles with what it says. */
export async function order(data: string, backup: BackupOrder): Promise<string> {
  const socket = connect(join(data, SOCKET));
  try {
    await once(socket, 'connect');
  } catch (cause) {
    throw new Refusal(
      `The data folder ${data} is in use, but by no daemon that takes orders (${join(data, SOCKET)} cannot be opened). Stop the process that has it, or run this as the same user.`,
      1,
      { cause },
    );
  }
  socket.write(`${JSON.stringify({ backup })}\n`);
  const answer = await text(socket);
  if (answer === '') throw new Refusal('The daemon ended before the backup was finished; there is none.');
  const { said, refused } = Answer.parse(JSON.parse(answer));
  if (refused !== undefined) throw new Refusal(refused);
  return said ?? '';
}
