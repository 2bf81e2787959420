import type { IClientOptions, MqttClient } from 'mqtt';
import { timeLimit } from '../../platform/time-limit.ts';
import type { ClientConfig } from './config.ts';
import { packetGuard } from './guard.ts';
import { pem } from './listen.ts';

export const CONNECT_MS = 5_000;
/** From the connection to the last answer to a subscription. The library notices no broker that only says nonsense. */
const ANSWERED_MS = 15_000;
/** How long the broker is asked to keep what we have not acknowledged. */
const SESSION_S = 7 * 86_400;

/** How we connect to a foreign broker. Rejects when a certificate cannot be read. */
export async function optionsOf(config: ClientConfig): Promise<IClientOptions> {
  const { user, password, version } = config;
  const tls = await tlsOf(config);
  return {
    protocolVersion: version,
    clientId: config.clientId,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    keepalive: config.keepAliveS,
    connectTimeout: CONNECT_MS,
    // The supervisor reconnects; two loops would multiply.
    reconnectPeriod: 0,
    resubscribe: false,
    ...(version === 5
      ? {
          properties: {
            sessionExpiryInterval: SESSION_S,
            maximumPacketSize: config.maxPacketBytes,
            receiveMaximum: config.receiveMaximum,
          },
        }
      : {}),
    // A WebSocket does not look at the options of the client, but at its own.
    ...tls,
    wsOptions: tls,
  };
}

export async function tlsOf({ tls }: ClientConfig) {
  if (tls === undefined) return {};
  const { caFile, certFile, keyFile, serverName } = tls;
  return {
    ...(caFile === undefined ? {} : { ca: await pem(caFile) }),
    ...(certFile === undefined ? {} : { cert: await pem(certFile) }),
    ...(keyFile === undefined ? {} : { key: await pem(keyFile) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

/** Rejects when the link is lost, which a packet of more than `maxBytes` ends: the library would buffer 256 MB of it. */
export function lossOf(client: MqttClient, url: string, maxBytes: number): Promise<never> {
  const guard = packetGuard(maxBytes);
  client.stream.on('data', (chunk: Buffer) => {
    const wrong = guard(chunk);
    if (wrong !== undefined) client.stream.destroy(new Error(`The broker sent ${wrong}`));
  });
  const lost = new Promise<never>((_, reject) => {
    const lose = (what: string, cause?: Error) => reject(new Error(`${what} (${url})`, { cause }));
    client.on('error', (err) => lose(`The MQTT broker refused us or sent nonsense: ${err.message}.`, err));
    client.on('close', () => lose('The MQTT broker closed the connection, or is not there.'));
  });
  lost.catch(() => undefined); // who waits for it learns of it
  return lost;
}

/** Settles when `begun` does or `signal` aborts. Rejects when the broker lets it wait too long, or the link is lost. */
export async function answered(
  begun: Promise<void>,
  { lost, url }: { readonly lost: Promise<never>; readonly url: string },
  signal: AbortSignal,
): Promise<void> {
  const late = timeLimit(ANSWERED_MS, signal);
  await Promise.race([begun, lost, aborted(late)]);
  if (late.aborted && !signal.aborted)
    throw new Error(`The MQTT broker has not answered within ${ANSWERED_MS / 1000} s (${url}).`);
}

export const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
