import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { Aedes } from 'aedes';
import { ticks } from '../ticks.ts';
import { accessRules } from './access.ts';
import { attended } from './attend.ts';
import { HEARTBEAT_MS } from './config.ts';
import type { BrokerConfig } from './config.ts';
import { packetGuard } from './guard.ts';
import type { Line } from './line.ts';
import type { Publish } from './message.ts';
import { visitors } from './visitors.ts';

/** A subscriber that reads nothing for this long is cut off: until then it holds up all others. */
const DRAIN_MS = 3_000;
/** From the connection to its CONNECT packet. */
const CONNECT_MS = 5_000;

/** Serves devices until `signal` aborts. Rejects when the port cannot be had or the broker fails. */
export async function runBroker(config: BrokerConfig, line: Line, signal: AbortSignal): Promise<void> {
  const guests = visitors();
  const broker = await Aedes.createBroker({
    drainTimeout: DRAIN_MS,
    connectTimeout: CONNECT_MS,
    maxTopicLevels: config.maxTopicLevels,
    ...accessRules(config.users, guests, line),
  });
  const server = createServer((socket) => {
    guests.enter(socket);
    broker.handle(socket);
    watch(socket, config.maxPacketBytes, line, () => guests.seen(socket));
  });
  server.maxConnections = config.maxClients;

  const broken = new Promise<never>((_, reject) => {
    server.on('error', (err) => reject(portError(err, config)));
    (broker as NodeJS.EventEmitter).on('error', reject);
  });
  broken.catch(() => undefined);
  try {
    await Promise.race([listening(server, config), broken]);
    line.report.log.info({ address: server.address() }, 'Listening for MQTT devices.');
    const serving = Promise.race([heartbeat(() => guests.publishing(), line, signal), broken]);
    await attended(serving, publisher(broker), line, signal);
  } finally {
    server.close();
    await new Promise<void>((resolve) => broker.close(resolve));
    guests.dismiss();
  }
}

const publisher =
  (broker: Aedes): Publish =>
  ({ topic, payload, qos, retain }) =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.from(payload);
      broker.publish({ cmd: 'publish', topic, payload: bytes, qos, retain, dup: false }, (err) => {
        if (err) reject(err);
        else resolve();
      });
    });

async function listening(server: Server, { host, port }: BrokerConfig): Promise<void> {
  server.listen({ host, port: port ?? 0 });
  await once(server, 'listening');
}

async function heartbeat(anyonePublishing: () => boolean, line: Line, signal: AbortSignal): Promise<void> {
  const beats = ticks(HEARTBEAT_MS, signal);
  while ((await beats.next()).done !== true) if (anyonePublishing()) line.alive();
}

/** After `handle`: the broker reads when it wants to, and each chunk passes here as it is read. */
function watch(socket: Socket, maxBytes: number, line: Line, seen: () => void) {
  const guard = packetGuard(maxBytes);
  socket.on('data', (chunk: Buffer) => {
    seen();
    const wrong = guard(chunk);
    if (wrong === undefined) return;
    socket.destroy();
    line.report.fault(
      'refused client',
      `${socket.remoteAddress ?? 'A client'} sent ${wrong} and was cut off.`,
      'Raise maxPacketBytes of the source if the device is meant to send so much.',
    );
  });
}

function portError(err: NodeJS.ErrnoException, { host, port }: BrokerConfig): Error {
  const remedy =
    err.code === 'EADDRINUSE'
      ? 'Another program has it: stop that one, or choose another port for the source.'
      : 'Choose another host or port for the source.';
  return new Error(
    `Cannot listen for MQTT at ${host}:${String(port)} (${err.code ?? err.message}). ${remedy}`,
    {
      cause: err,
    },
  );
}
