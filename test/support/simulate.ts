import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Aedes } from 'aedes';

/** The records of a file as published: one array of 52 numbers a row. */
export function publishedRecords(name: string): number[][] {
  const path = new URL(`../../deploy/simulate/te/${name}.dat.gz`, import.meta.url);
  const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).map(Number));
}

export interface Received {
  readonly topic: string;
  readonly payload: string;
}
/** A broker on loopback that keeps every message it gets from its one user. */
export interface Broker extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly received: readonly Received[];
  publish(topic: string, payload: string): Promise<void>;
}

export const FIELD = { user: 'field', password: 'field-password' };

export async function broker(port = 0): Promise<Broker> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const aedes = await Aedes.createBroker({
    authenticate: (_, name, password, done) =>
      done(null, name === FIELD.user && password?.toString() === FIELD.password),
  });
  aedes.on('publish', ({ topic, payload }, client) => {
    if (client !== null) received.push({ topic, payload: payload.toString() });
  });
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const taken = (server.address() as AddressInfo).port;

  return {
    port: taken,
    url: `mqtt://127.0.0.1:${taken}`,
    received,
    publish: (topic, payload) =>
      new Promise((resolve, reject) => {
        aedes.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, (err) =>
          err ? reject(err) : resolve(),
        );
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => aedes.close(resolve));
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The times that one tag's messages carry, live and handed over, in the order of their arrival. */
export const timesOf = (received: readonly Received[], topic: string): number[] =>
  received.flatMap(({ topic: at, payload }) => {
    if (at !== topic && at !== `${topic}/history`) return [];
    const parsed = JSON.parse(payload) as { time: string } | { time: string }[];
    return (Array.isArray(parsed) ? parsed : [parsed]).map(({ time }) => Date.parse(time));
  });
