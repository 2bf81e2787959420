import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { connectAsync } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import { onTestFinished, vi } from 'vitest';
import type { Point } from '../../collectors/collector.ts';
import { MqttAddress, MqttConfig } from '../../collectors/mqtt/config.ts';
import { decoder } from '../../collectors/mqtt/decode.ts';
import { mqtt } from '../../collectors/mqtt/mqtt.ts';
import { aPoint, aReport, collect } from './collecting.ts';
import type { Run } from './collecting.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

export const aMessage = (topic: string, payload: string | Uint8Array) => ({
  ...{ topic, payload: Buffer.from(payload), qos: 1 as const },
  ...{ retained: false, at: NOW },
});

export function decoded(
  payload: string | Uint8Array,
  address: Record<string, unknown> = {},
  kind: 'number' | 'text' = 'number',
) {
  const { report, faults } = aReport();
  const point = aPoint(1, MqttAddress.parse({ topic: 'a/b', ...address }), kind);
  const readings = decoder([point], {}, report).decode(aMessage('a/b', payload));
  return { readings, faults, value: readings[0]?.value, status: readings[0]?.status };
}

export const USER = { name: 'device', password: 'secret-enough' };
export const flow = aPoint(1, MqttAddress.parse({ topic: 'plant/flow' }));
export const JSON_FLOW = aPoint(2, MqttAddress.parse({ topic: 'plant/json', value: '$.v', time: '$.t' }));

export interface Started extends Run {
  readonly port: number;
  readonly ports: Readonly<Record<string, number>>;
}

/** Our broker at work. */
export async function broker(
  {
    points = [flow, JSON_FLOW],
    folder,
    ...more
  }: { points?: readonly Point<MqttAddress>[]; folder?: string } & Record<string, unknown> = {},
  hold?: () => Promise<void>,
): Promise<Started> {
  const config = MqttConfig.parse({ broker: { port: 0, users: [USER], ...more } });
  const run = collect(
    mqtt,
    { config, points, pkiFolder: '', ...(folder === undefined ? {} : { dataFolder: folder }) },
    hold,
  );
  onTestFinished(async () => {
    await run.stop();
  });
  const line = await vi.waitUntil(
    () => run.lines.find(({ msg }) => msg === 'Listening for MQTT devices.'),
    5_000,
  );
  const addresses = line['addresses'] as { kind: string; port: number }[];
  const ports = Object.fromEntries(addresses.map(({ kind, port }) => [kind, port]));
  return { ...run, ports, port: addresses[0]!.port };
}

/** A client of it. */
export async function device(at: number | string, more: IClientOptions = {}): Promise<MqttClient> {
  const url = typeof at === 'string' ? at : `mqtt://127.0.0.1:${at}`;
  const client = await connectAsync(url, {
    username: USER.name,
    password: USER.password,
    reconnectPeriod: 0,
    ...more,
  });
  client.on('error', () => undefined);
  onTestFinished(async () => {
    await client.endAsync(true);
  });
  return client;
}

export const event = (client: MqttClient, name: 'close' | 'connect' | 'message' | 'packetsend') =>
  new Promise<unknown[]>((resolve) => client.once(name, (...what: unknown[]) => resolve(what)));

/** A bare connection, which sends these bytes and collects what comes until it is closed. */
export async function bare(port: number, bytes: Uint8Array) {
  const socket = connectSocket(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk)).on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, closed, received: () => Buffer.concat(received) };
}
