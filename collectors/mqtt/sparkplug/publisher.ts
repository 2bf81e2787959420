import { readFile } from 'node:fs/promises';
import timers from 'node:timers/promises';
import { connect } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Logger } from '../../../platform/log.ts';
import { replaceFile } from '../../replace-file.ts';
import { ticks } from '../../ticks.ts';
import { CONNECT_MS, aborted, answered, lossOf } from '../connection.ts';
import type { Outgoing } from '../message.ts';
import type { Edge, Reaction } from './edge.ts';

export interface PublisherConfig {
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly clientId: string;
  /** How often changes are told. */
  readonly periodMs: number;
  /** Where the number of the session is kept over restarts. */
  readonly bdSeqFile: string;
}

const LARGEST_PACKET = 262_144;
const FAREWELL_MS = 1_000;

/** The one before 0. */
const NEVER = 255;

/** The number of the last session; 255, which 0 follows, if there was none. What is no such number is told. */
export async function lastBdSeq(file: string, log: Logger): Promise<number> {
  const text = await readFile(file, 'utf8').catch((err: unknown) => {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return String(NEVER);
    throw err;
  });
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= NEVER) return number;
  log.warn(
    { file, found: text.slice(0, 20) },
    'The number of the last Sparkplug session is none from 0 to 255; counting begins anew.',
  );
  return NEVER;
}

/**
 * One session of an edge node: until `signal` aborts, which it ends with a farewell. Rejects when the link is lost or
 * the primary host is gone: the caller begins the next one.
 */
export async function runSession(
  config: PublisherConfig,
  edge: Edge,
  told: { readonly log: Logger; readonly connected: () => void },
  signal: AbortSignal,
): Promise<void> {
  const will = edge.begin(Date.now());
  await replaceFile(config.bdSeqFile, String(edge.bdSeq));
  signal.throwIfAborted();
  const client = connect(config.url, options(config, will));
  const lost = lossOf(client, config.url, LARGEST_PACKET);
  const left = new AbortController();
  lost.catch((err: unknown) => left.abort(err));
  const send = async (outgoing: readonly Outgoing[]) => {
    for (const { topic, payload, qos, retain } of outgoing)
      await client.publishAsync(topic, Buffer.from(payload), { qos, retain });
  };
  const react = async ({ outgoing, leave }: Reaction) => {
    await send(outgoing);
    if (leave) throw new Error('The primary host is gone.');
  };
  client.on('message', (topic, payload) => {
    react(edge.receive(topic, payload, Date.now())).catch((err: unknown) => left.abort(err));
  });
  const publish = async () => {
    told.connected();
    told.log.info({ bdSeq: edge.bdSeq }, 'Publishing as a Sparkplug node.');
    await send(edge.connected(Date.now()));
    const over = AbortSignal.any([signal, left.signal]);
    for await (const now of ticks(config.periodMs, over)) await send(edge.publish(now));
    left.signal.throwIfAborted();
    await send(edge.end(Date.now()));
  };
  try {
    await answered(subscribed(client, edge.topics), { lost, url: config.url }, signal);
    // The library may let a message wait for ever when the link is lost, or nobody reads it.
    if (!signal.aborted) await Promise.race([publish(), lost, farewellOver(signal)]);
  } finally {
    await close(client);
  }
}

async function farewellOver(signal: AbortSignal): Promise<void> {
  await aborted(signal);
  await timers.setTimeout(FAREWELL_MS, undefined, { ref: false });
}

const options = (config: PublisherConfig, { topic, payload, qos, retain }: Outgoing): IClientOptions => ({
  ...{
    protocolVersion: 4,
    clientId: config.clientId,
    clean: true,
    keepalive: 30,
    connectTimeout: CONNECT_MS,
  },
  ...(config.user === undefined ? {} : { username: config.user }),
  ...(config.password === undefined ? {} : { password: config.password }),
  // Each connection needs a will of its own: the caller connects again.
  reconnectPeriod: 0,
  will: { topic, payload: Buffer.from(payload), qos, retain },
});

async function subscribed(client: MqttClient, topics: readonly string[]): Promise<void> {
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  await client.subscribeAsync([...topics], { qos: 1 });
}

/** Waits for what is under way, but not for a broker that has stopped to listen: the library would do so for ever. */
async function close(client: MqttClient): Promise<void> {
  const patience = timers.setTimeout(FAREWELL_MS, undefined, { ref: false });
  await Promise.race([client.endAsync(!client.connected), patience]);
  client.stream.destroy();
}
