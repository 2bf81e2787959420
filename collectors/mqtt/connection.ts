import type { IClientOptions } from 'mqtt';
import type { ClientConfig } from './config.ts';
import { pem } from './listen.ts';

export const CONNECT_MS = 5_000;
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
