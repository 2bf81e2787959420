import { connect } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { ClientConfig } from './config.ts';
import { packetGuard } from './guard.ts';
import { attended } from './attend.ts';
import type { Line } from './line.ts';
import type { Outgoing, Publish } from './message.ts';

const CONNECT_MS = 5_000;
/** How long the broker is asked to keep what we have not acknowledged. */
const SESSION_S = 7 * 86_400;
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
  const client = connect(config.url, options(config, clean, line.will));
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const lost = lossOf(client, config);
  lost.catch(() => undefined);
  acknowledgeWhenSafe(client, line);
  client.on('packetreceive', line.alive);
  limit(client, config.maxPacketBytes);
  try {
    await Promise.race([subscribed(client, topics, line), lost, stopped]);
    await attended(Promise.race([lost, stopped]), publisher(client, lost), line, signal);
  } finally {
    await client.endAsync(true);
  }
}

/** The library lets a message wait for ever when the link is lost: its sender is to know. */
const publisher =
  (client: MqttClient, lost: Promise<never>): Publish =>
  async ({ topic, payload, qos, retain }) => {
    const bytes = typeof payload === 'string' ? payload : Buffer.from(payload);
    await Promise.race([client.publishAsync(topic, bytes, { qos, retain }), lost]);
  };

const options = (config: ClientConfig, clean: boolean, will: Outgoing | undefined): IClientOptions => ({
  protocolVersion: config.version,
  clientId: config.clientId,
  ...(config.user === undefined ? {} : { username: config.user }),
  ...(config.password === undefined ? {} : { password: config.password }),
  clean,
  ...(will === undefined ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
  keepalive: config.keepAliveS,
  connectTimeout: CONNECT_MS,
  // The supervisor reconnects; two loops would multiply.
  reconnectPeriod: 0,
  resubscribe: false,
  ...(config.version === 5
    ? { properties: { sessionExpiryInterval: SESSION_S, maximumPacketSize: config.maxPacketBytes } }
    : {}),
});

function lossOf(client: MqttClient, { url }: ClientConfig): Promise<never> {
  return new Promise((_, reject) => {
    const lose = (what: string, cause?: Error) => reject(new Error(`${what} (${url})`, { cause }));
    client.on('error', (err) => lose(`The MQTT broker refused us or sent nonsense: ${err.message}.`, err));
    client.on('close', () => lose('The MQTT broker closed the connection, or is not there.'));
  });
}

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

/** The library would buffer a packet of up to 256 MB. */
function limit(client: MqttClient, maxBytes: number) {
  const guard = packetGuard(maxBytes);
  client.stream.on('data', (chunk: Buffer) => {
    const wrong = guard(chunk);
    if (wrong !== undefined) client.stream.destroy(new Error(`The broker sent ${wrong}`));
  });
}

async function subscribed(client: MqttClient, topics: readonly string[], { report }: Line): Promise<void> {
  await new Promise((resolve) => client.once('connect', resolve));
  for (let from = 0; from < topics.length; from += TOPICS_PER_PACKET) {
    for (const topic of await refusedOf(client, topics.slice(from, from + TOPICS_PER_PACKET))) {
      report.fault(
        'refused address',
        `The broker refuses a subscription to ${topic}.`,
        "Check the rights of the source's user at the broker.",
      );
    }
  }
  report.log.info({ topics: topics.length }, 'Subscribed at the MQTT broker.');
}

/** Subscribes, and returns the topics to which the broker says no: it answers for each in their order. */
const refusedOf = (client: MqttClient, topics: string[]): Promise<string[]> =>
  new Promise((resolve, reject) => {
    client.subscribe(topics, { qos: 1 }, (err, _, answer) => {
      if (answer === undefined) reject(err ?? new Error('The broker did not answer to a subscription.'));
      else resolve(topics.filter((_topic, i) => Number(answer.granted[i] ?? REFUSED) >= REFUSED));
    });
  });
