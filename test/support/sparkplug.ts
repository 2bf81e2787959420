import { connectAsync } from 'mqtt';
import type { IClientOptions } from 'mqtt';
import proto from 'sparkplug-payload/lib/sparkplugPayloadProto.js';
import type { org } from 'sparkplug-payload/lib/sparkplugPayloadProto.js';
import { onTestFinished } from 'vitest';
import { foreignBroker } from './foreign-broker.ts';

// Nothing of ours codes or decodes here: the peers speak through code generated from the official schema.
const { Payload } = proto.org.eclipse.tahu.protobuf;
export type Metric = org.eclipse.tahu.protobuf.Payload.IMetric;
type IPayload = org.eclipse.tahu.protobuf.IPayload;

export const wire = (payload: IPayload): Buffer =>
  Buffer.from(Payload.encode(Payload.create(payload)).finish());
export const unwire = (bytes: Uint8Array): Record<string, never> =>
  Payload.toObject(Payload.decode(bytes), { longs: String, defaults: false }) as Record<string, never>;

export const INT32 = 3;
export const INT64 = 4;
export const UINT32 = 7;
export const DOUBLE = 10;
export const BOOLEAN = 11;

/** Metrics as tahu writes them: a UInt32 goes into the 64-bit field. */
export const double = (name: string, value: number, more: Metric = {}): Metric => ({
  ...{ name, timestamp: Date.now(), datatype: DOUBLE, doubleValue: value, ...more },
});
export const uint32 = (name: string, value: number, more: Metric = {}): Metric => ({
  ...{ name, timestamp: Date.now(), datatype: UINT32, longValue: value, ...more },
});
export const int32 = (name: string, value: number, more: Metric = {}): Metric => ({
  ...{ name, timestamp: Date.now(), datatype: INT32, intValue: value >>> 0, ...more },
});
export const bool = (name: string, value: boolean, more: Metric = {}): Metric => ({
  ...{ name, timestamp: Date.now(), datatype: BOOLEAN, booleanValue: value, ...more },
});
export const bdSeqMetric = (value: number): Metric => ({
  ...{ name: 'bdSeq', timestamp: Date.now(), datatype: INT64, longValue: value },
});

interface NodeOptions extends IClientOptions {
  readonly port: number;
  readonly group?: string;
  readonly node?: string;
  readonly bdSeq?: number;
}

/** A small edge node of other hands. It does what the test says, in order or not. */
export async function aNode({ port, group = 'plant', node = 'edge', bdSeq = 0, ...options }: NodeOptions) {
  const topic = (type: string, device?: string) =>
    `spBv1.0/${group}/${type}/${node}${device === undefined ? '' : `/${device}`}`;
  const death = wire({ timestamp: Date.now(), metrics: [bdSeqMetric(bdSeq)] });
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    ...{ protocolVersion: 4, reconnectPeriod: 0, clean: true, keepalive: 30 },
    will: { topic: topic('NDEATH'), payload: death, qos: 1, retain: false },
    ...options,
  });
  client.on('error', () => undefined);
  onTestFinished(() => client.endAsync(true));
  const commands: { readonly topic: string; readonly metrics: readonly Metric[] }[] = [];
  client.on('message', (at, bytes) => {
    if (!/\/[ND]CMD\//.test(at)) return;
    commands.push({ topic: at, metrics: (unwire(bytes)['metrics'] as Metric[] | undefined) ?? [] });
  });
  await client.subscribeAsync([topic('NCMD'), `${topic('DCMD')}/+`], { qos: 1 });
  let seq = 0;
  const send = async (
    type: string,
    metrics: readonly Metric[],
    more: IPayload & { device?: string } = {},
  ) => {
    const { device, ...rest } = more;
    const payload = { timestamp: Date.now(), seq: seq++ % 256, metrics: [...metrics], ...rest };
    await client.publishAsync(topic(type, device), wire(payload), { qos: 0 });
  };
  return {
    commands,
    client,
    /** How often it was told to be born again. */
    rebirths: () =>
      commands.filter(({ metrics }) => metrics.some(({ name }) => name === 'Node Control/Rebirth')).length,
    async birth(...metrics: Metric[]) {
      seq = 0;
      await send('NBIRTH', [bdSeqMetric(bdSeq), bool('Node Control/Rebirth', false), ...metrics]);
    },
    deviceBirth: (device: string, ...metrics: Metric[]) => send('DBIRTH', metrics, { device }),
    data: (...metrics: Metric[]) => send('NDATA', metrics),
    deviceData: (device: string, ...metrics: Metric[]) => send('DDATA', metrics, { device }),
    deviceDeath: (device: string) => send('DDEATH', [], { device }),
    send,
    /** The next messages count from here: the ones between are lost. */
    skip: (count: number) => void (seq += count),
    /** Without a farewell: the broker publishes the will. */
    kill: () => client.stream.destroy(),
  };
}

/** A broker that is neither ours nor guarded, and all that was published at it. */
export async function aBroker() {
  const { broker, port, sockets, publish } = await foreignBroker();
  const seen: { topic: string; payload: Buffer; qos: number; retain: boolean }[] = [];
  broker.on('publish', ({ topic, payload, qos, retain }) => {
    if (topic.startsWith('spBv1.0/')) seen.push({ topic, payload: Buffer.from(payload), qos, retain });
  });
  const states = () =>
    seen
      .filter(({ topic }) => topic.startsWith('spBv1.0/STATE/'))
      .map(({ payload }) => JSON.parse(payload.toString()) as { online: boolean; timestamp: number });
  return {
    ...{ port, seen, states, sockets },
    publish: (topic: string, payload: string | Buffer) => publish(topic, payload, { retain: true }),
  };
}
