import { readFile, rename, writeFile } from 'node:fs/promises';
import { connect } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Logger } from '../../../platform/log.ts';
import { ticks } from '../../ticks.ts';
import { packetGuard } from '../guard.ts';
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

const CONNECT_MS = 5_000;
const LARGEST_PACKET = 262_144;
const FAREWELL_MS = 1_000;

/** The number of the last session; 255, which 0 follows, if there was none. */
export async function lastBdSeq(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch((err: unknown) => {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return '255';
    throw err;
  });
  const number = Number(text.trim());
  return Number.isInteger(number) && number >= 0 && number <= 255 ? number : 255;
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
  await keep(config.bdSeqFile, edge.bdSeq);
  signal.throwIfAborted();
  const client = connect(config.url, options(config, will));
  const left = new AbortController();
  const over = AbortSignal.any([signal, left.signal]);
  const lost = lossOf(client, config.url);
  lost.catch(() => left.abort());
  const send = async (outgoing: readonly Outgoing[]) => {
    for (const { topic, payload, qos, retain } of outgoing)
      await Promise.race([client.publishAsync(topic, Buffer.from(payload), { qos, retain }), lost]);
  };
  const react = ({ outgoing, leave }: Reaction) =>
    send(outgoing).then(
      () => (leave ? left.abort() : undefined),
      () => left.abort(),
    );
  client.on('message', (topic, payload) => void react(edge.receive(topic, payload, Date.now())));
  try {
    await Promise.race([connected(client), lost, aborted(signal)]);
    if (signal.aborted) return;
    await Promise.race([client.subscribeAsync([...edge.topics], { qos: 1 }), lost]);
    told.connected();
    told.log.info({ bdSeq: edge.bdSeq }, 'Publishing as a Sparkplug node.');
    await send(edge.connected(Date.now()));
    for await (const now of ticks(config.periodMs, over)) await send(edge.publish(now));
    if (left.signal.aborted)
      await Promise.race([lost, Promise.reject(new Error('The primary host is gone.'))]);
    await send(edge.end(Date.now()));
  } finally {
    await close(client);
  }
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

/** The library would buffer a packet of up to 256 MB. */
function lossOf(client: MqttClient, url: string): Promise<never> {
  const guard = packetGuard(LARGEST_PACKET);
  client.stream.on('data', (chunk: Buffer) => {
    const wrong = guard(chunk);
    if (wrong !== undefined) client.stream.destroy(new Error(`The broker sent ${wrong}`));
  });
  return new Promise((_, reject) => {
    const lose = (what: string, cause?: Error) => reject(new Error(`${what} (${url})`, { cause }));
    client.on('error', (err) => lose(`The MQTT broker refused us or sent nonsense: ${err.message}.`, err));
    client.on('close', () => lose('The MQTT broker closed the connection, or is not there.'));
  });
}

const connected = (client: MqttClient) =>
  new Promise<void>((resolve) => client.once('connect', () => resolve()));

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Waits for what is under way, but not for a broker that has stopped to listen. */
async function close(client: MqttClient): Promise<void> {
  const timer = setTimeout(() => client.stream.destroy(), FAREWELL_MS);
  await client.endAsync(!client.connected);
  clearTimeout(timer);
}

/** Whole or not at all. */
async function keep(file: string, bdSeq: number): Promise<void> {
  await writeFile(`${file}.new`, String(bdSeq));
  await rename(`${file}.new`, file);
}
