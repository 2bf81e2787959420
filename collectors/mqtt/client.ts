import { connect } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import { attended } from './attend.ts';
import type { ClientConfig } from './config.ts';
import { aborted, answered, lossOf, optionsOf } from './connection.ts';
import { discover } from './discover.ts';
import { covers, widest } from './filter.ts';
import type { Line } from './line.ts';
import type { Outgoing, Publish } from './message.ts';

/** A granted QoS from here on is a refusal (MQTT 3.1.1, 3.9.3; MQTT 5, 3.9.3). */
const REFUSED = 0x80;
const TOPICS_PER_PACKET = 100;

/** What is wanted of the broker. */
export interface Session {
  readonly topics: readonly string[];
  /** Whether it begins anew with each connection. */
  readonly clean: boolean;
}

/** Listens to a foreign broker until `signal` aborts. Rejects when the connection is lost. */
export async function runClient(
  config: ClientConfig,
  { topics, clean }: Session,
  line: Line,
  signal: AbortSignal,
): Promise<void> {
  const client = connect(config.url, { ...(await optionsOf(config)), clean, ...willOf(line.will) });
  const lost = lossOf(client, config.url, config.maxPacketBytes);
  acknowledgeWhenSafe(client, line);
  client.on('packetreceive', line.alive);
  try {
    await answered(subscribed(client, topics, line), { lost, url: config.url }, signal);
    const link = new AbortController();
    const looking = lookAround(config, line, link.signal);
    try {
      await attended(Promise.race([lost, aborted(signal)]), publisher(client, lost), line, signal);
    } finally {
      link.abort();
      await looking;
    }
  } finally {
    await client.endAsync(true);
  }
}

/** What fails there is no reason to stop collecting. */
async function lookAround(config: ClientConfig, line: Line, signal: AbortSignal): Promise<void> {
  if (config.discover.length === 0) return;
  try {
    await discover(config, line, signal);
  } catch (err) {
    line.report.log.warn({ err }, 'Unmapped topics cannot be looked at.');
  }
}

/** The library lets a message wait for ever when the link is lost: its sender is to know. */
const publisher =
  (client: MqttClient, lost: Promise<never>): Publish =>
  async ({ topic, payload, qos, retain }) => {
    const bytes = typeof payload === 'string' ? payload : Buffer.from(payload);
    await Promise.race([client.publishAsync(topic, bytes, { qos, retain }), lost]);
  };

const willOf = (will: Outgoing | undefined): IClientOptions =>
  will === undefined ? {} : { will: { ...will, payload: Buffer.from(will.payload) } };

/**
 * The library acknowledges in turn: waiting in `handleMessage` would let one message through per commit. So it is told
 * that the message failed, which skips its PUBACK and goes on; ours follows once the readings are safe. The same four
 * bytes mean success in MQTT 3.1.1 (3.4) and 5 (3.4.2.1). QoS 2 never comes: we subscribe with QoS 1.
 */
function acknowledgeWhenSafe(client: MqttClient, line: Line) {
  client.handleMessage = (packet, proceed) => {
    const { stream } = client;
    const { topic, qos, messageId, retain } = packet;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const safe = line.receive({ topic, payload, qos, retained: retain, at: Date.now() });
    if (safe === undefined || messageId === undefined) {
      proceed();
      return;
    }
    // A failed batch ends the run; the broker then sends its messages again.
    safe
      .then(() => stream.write(Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff])))
      .catch(() => undefined);
    proceed(new Error('Acknowledged when safe.'));
  };
}

async function subscribed(client: MqttClient, topics: readonly string[], { report }: Line): Promise<void> {
  await new Promise((resolve) => client.once('connect', resolve));
  for (const topic of await subscribe(client, topics)) {
    report.fault(
      'refused address',
      `The broker refuses a subscription to ${topic}.`,
      "Check the rights of the source's user at the broker.",
    );
  }
  report.log.info({ topics: topics.length }, 'Subscribed at the MQTT broker.');
}

/** Subscribes to what brings all topics, and returns what is refused. What a refused filter covers is tried by itself. */
async function subscribe(client: MqttClient, topics: readonly string[]): Promise<string[]> {
  const filters = widest(topics);
  const refused: string[] = [];
  for (let from = 0; from < filters.length; from += TOPICS_PER_PACKET)
    refused.push(...(await refusedOf(client, filters.slice(from, from + TOPICS_PER_PACKET))));
  const below = topics.filter((topic) => refused.some((filter) => filter !== topic && covers(filter, topic)));
  return below.length === 0 ? refused : [...refused, ...(await subscribe(client, below))];
}

/** Subscribes, and returns the topics to which the broker says no: it answers for each in their order. */
const refusedOf = (client: MqttClient, topics: string[]): Promise<string[]> =>
  new Promise((resolve, reject) => {
    client.subscribe(topics, { qos: 1 }, (err, _, answer) => {
      if (answer === undefined) reject(err ?? new Error('The broker did not answer to a subscription.'));
      else resolve(topics.filter((_topic, i) => Number(answer.granted[i] ?? REFUSED) >= REFUSED));
    });
  });
