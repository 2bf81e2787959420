import { setTimeout as wait } from 'node:timers/promises';
import { MessageSecurityMode, OPCUAClient, SecurityPolicy, UserTokenType } from 'node-opcua-client';
import type {
  ClientSession,
  ClientSessionPublishService,
  ClientSessionRawSubscriptionService,
  OPCUAClientOptions,
  UserIdentityInfo,
} from 'node-opcua-client';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { keepAliveMs } from './config.ts';
import type { OpcuaConfig } from './config.ts';
import { explained } from './explain.ts';

/** A frozen server accepts a connection and says nothing: then this is the end of it. */
const CONNECT_MS = 10_000;
const REQUEST_MS = 5_000;
/** The library waits for half of it while it connects. */
const TRANSPORT_MS = 8_000;
const GOODBYE_MS = 2_000;
/** How long a server keeps the session of a client that vanished. */
const SESSION_MS = 60_000;

/** The services as they are: the library's own subscriptions hide refusals and reconnect on their own account. */
export type Session = ClientSession & ClientSessionRawSubscriptionService & ClientSessionPublishService;

export interface Link extends AsyncDisposable {
  readonly session: Session;
  /** Rejects when the connection is gone. */
  readonly lost: Promise<never>;
}

/** Connects and opens a session, or fails within a bounded time with what a person can do about it. */
export async function connect(config: OpcuaConfig, pkiFolder: string, signal: AbortSignal): Promise<Link> {
  const certificates = new OPCUACertificateManager({
    rootFolder: pkiFolder,
    automaticallyAcceptUnknownCertificate: config.trustServer,
    disableFileWatchers: true,
  });
  const client = OPCUAClient.create(options(config, certificates));
  const lost = new Promise<never>((_, reject) => {
    client.once('connection_lost', () => reject(new Error(`${config.endpoint} closed the connection.`)));
    client.once('close', () => reject(new Error(`The connection to ${config.endpoint} is closed.`)));
  });
  lost.catch(() => undefined);

  const goodbye = async () => {
    const bye = client.disconnect().catch(() => undefined);
    await Promise.race([bye, wait(GOODBYE_MS, undefined, { ref: false })]);
    await certificates.dispose();
  };
  try {
    const session = await bounded(open(client, certificates, config), signal);
    return { session, lost, [Symbol.asyncDispose]: goodbye };
  } catch (err) {
    await goodbye();
    signal.throwIfAborted();
    throw explained(err, config, pkiFolder);
  }
}

async function open(client: OPCUAClient, certificates: OPCUACertificateManager, config: OpcuaConfig) {
  await certificates.initialize();
  await client.connect(config.endpoint);
  return (await client.createSession(identity(config))) as Session;
}

async function bounded<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const stop = new AbortController();
  const limit = wait(CONNECT_MS, undefined, { signal: AbortSignal.any([signal, stop.signal]) }).then(() => {
    throw new Error(`No answer within ${CONNECT_MS / 1000} s.`);
  });
  limit.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    stop.abort();
    work.catch(() => undefined);
  }
}

const options = (
  config: OpcuaConfig,
  clientCertificateManager: OPCUACertificateManager,
): OPCUAClientOptions => ({
  applicationName: 'Penstock',
  clientName: 'Penstock',
  clientCertificateManager,
  securityPolicy: SecurityPolicy[config.security],
  securityMode: config.security === 'None' ? MessageSecurityMode.None : MessageSecurityMode[config.mode],
  // A server behind another name or address than it knows of is still the one that was asked for.
  endpointMustExist: false,
  // The supervisor reconnects; two loops would multiply.
  connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
  keepSessionAlive: false,
  requestedSessionTimeout: Math.max(SESSION_MS, 10 * keepAliveMs(config)),
  defaultTransactionTimeout: REQUEST_MS,
  // Longer than the longest silence of a healthy link, or an idle one would flap.
  transportTimeout: Math.max(TRANSPORT_MS, 5 * keepAliveMs(config)),
});

const identity = ({ user, password }: OpcuaConfig): UserIdentityInfo =>
  user === undefined
    ? { type: UserTokenType.Anonymous }
    : { type: UserTokenType.UserName, userName: user, password: password ?? '' };
