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
  /** Disposing then ends the connection alone: the session stays at the server, for `connect` to resume. */
  leave(): void;
}

/**
 * Connects and opens a session, or resumes the one that an earlier link to this endpoint left. Fails within a bounded
 * time with what a person can do about it.
 */
export async function connect(
  config: OpcuaConfig,
  pkiFolder: string,
  signal: AbortSignal,
  earlier?: Session,
): Promise<Link> {
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

  let closing: Session | undefined;
  const goodbye = async () => {
    // The client itself leaves its sessions where they are.
    const bye = Promise.resolve(closing?.close(true))
      .catch(() => undefined)
      .then(() => client.disconnect())
      .catch(() => undefined);
    await Promise.race([bye, wait(GOODBYE_MS, undefined, { ref: false })]);
    await certificates.dispose();
  };
  try {
    const session = await bounded(open(client, certificates, config, earlier), signal);
    closing = session;
    return { session, lost, leave: () => (closing = undefined), [Symbol.asyncDispose]: goodbye };
  } catch (err) {
    await goodbye();
    signal.throwIfAborted();
    throw explained(err, config, pkiFolder);
  }
}

async function open(
  client: OPCUAClient,
  certificates: OPCUACertificateManager,
  config: OpcuaConfig,
  earlier: Session | undefined,
) {
  await certificates.initialize();
  await client.connect(config.endpoint);
  if (earlier !== undefined && (await resumed(client, earlier))) return earlier;
  return (await client.createSession(identity(config))) as Session;
}

/** ActivateSession on a new channel (OPC 10000-4, 5.7.3): a lost link leaves no session behind that nobody uses. */
const resumed = (client: OPCUAClient, earlier: Session): Promise<boolean> =>
  client.reactivateSession(earlier).then(
    () => true,
    () => false, // the server was restarted, or has dropped it
  );

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
  keepPendingSessionsOnDisconnect: true,
  requestedSessionTimeout: Math.max(SESSION_MS, 10 * keepAliveMs(config)),
  defaultTransactionTimeout: REQUEST_MS,
  // Longer than the longest silence of a healthy link, or an idle one would flap.
  transportTimeout: Math.max(TRANSPORT_MS, 5 * keepAliveMs(config)),
});

const identity = ({ user, password }: OpcuaConfig): UserIdentityInfo =>
  user === undefined
    ? { type: UserTokenType.Anonymous }
    : { type: UserTokenType.UserName, userName: user, password: password ?? '' };
