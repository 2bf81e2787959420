import { connect } from 'mqtt';

const CONNECT_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_S = 5;

export interface BrokerOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** One connection to the broker. It is not mended: who holds it makes another. */
export interface Link extends AsyncDisposable {
  /** Settles when the broker has acknowledged (QoS 1). Rejects when the link is lost. */
  publish(topic: string, payload: unknown): Promise<void>;
  subscribe(filter: string, receive: (topic: string, payload: string) => void): Promise<void>;
  /** Rejects when the link is lost. */
  readonly lost: Promise<never>;
}

/** Connects, or rejects with the broker's reason. */
export async function openLink({ url, user, password }: BrokerOptions, signal: AbortSignal): Promise<Link> {
  const client = connect(url, {
    username: user,
    password,
    clientId: `penstock-demo-field-${process.pid}`,
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepalive: KEEP_ALIVE_S,
    clean: true,
  });
  const lost = new Promise<never>((_, reject) => {
    let reason: Error | undefined;
    client.on('error', (err) => (reason = err));
    client.on('close', () =>
      reject(new Error(`There is no connection to the broker at ${url}.`, { cause: reason })),
    );
  });
  lost.catch(() => undefined); // Watched only while something waits for the broker.
  const end = () => void client.end(true);
  signal.addEventListener('abort', end);
  const link: Link = {
    lost,
    async publish(topic, payload) {
      await Promise.race([client.publishAsync(topic, JSON.stringify(payload), { qos: 1 }), lost]);
    },
    async subscribe(filter, receive) {
      client.on('message', (topic, payload) => receive(topic, payload.toString()));
      await Promise.race([client.subscribeAsync(filter, { qos: 1 }), lost]);
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', end);
      await client.endAsync(true);
    },
  };
  try {
    await Promise.race([new Promise((resolve) => client.once('connect', resolve)), lost]);
    return link;
  } catch (err) {
    await link[Symbol.asyncDispose]();
    throw err;
  }
}
