import { setTimeout as wait } from 'node:timers/promises';
import { OPCUAClient } from 'node-opcua-client';
import type {
  ClientSession,
  ClientSessionPublishService,
  ClientSessionRawSubscriptionService,
  OPCUAClientOptions,
} from 'node-opcua-client';
import { keepAliveMs } from './config.ts';
import type { OpcuaConfig } from './config.ts';
import { clientOptions } from './discover.ts';
import { explained, REJECTED } from './explain.ts';
import { identity } from './identity.ts';
import { ownIdentity } from './pki/own.ts';
import type { Own } from './pki/own.ts';
import { wayTo } from './secure.ts';
import type { Way } from './secure.ts';
import { until } from './until.ts';
import { timeLimit } from '../../platform/time-limit.ts';

/** A frozen server accepts a connection and says nothing: then this is the end of it. */
const CONNECT_MS = 10_000;
/** The library waits for half of it while it connects. */
const TRANSPORT_MS = 8_000;
const GOODBYE_MS = 2_000;
/** How long a server keeps the session of a client that vanished. */
const SESSION_MS = 60_000;
const MEGABYTE = 1024 ** 2;

/** The services as they are: the library's own subscriptions hide refusals and reconnect on their own account. */
export type Session = ClientSession & ClientSessionRawSubscriptionService & ClientSessionPublishService;

export interface Link extends AsyncDisposable {
  readonly session: Session;
  /** Rejects when the connection is gone. */
  readonly lost: Promise<never>;
  /** Whether `lost` has rejected. */
  isCut(): boolean;
  /** What is odd about the connection though it was accepted: for the log, and for the test of a source. */
  readonly notices: readonly string[];
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
  const limit = timeLimit(CONNECT_MS, signal);
  try {
    const { current, previous } = await ownIdentity(pkiFolder);
    try {
      return await enter(config, pkiFolder, current, { signal: limit, earlier });
    } catch (err) {
      if (previous === null || config.security === 'None' || !REJECTED.test(String(err))) throw err;
      const link = await enter(config, pkiFolder, previous, { signal: limit, earlier });
      return { ...link, notices: [...link.notices, oldOne(previous)] };
    }
  } catch (err) {
    signal.throwIfAborted();
    const late = limit.aborted ? new Error(`No answer within ${CONNECT_MS / 1000} s.`, { cause: err }) : err;
    throw explained(late, config, pkiFolder);
  }
}

const oldOne = ({ certificate }: Own): string =>
  `The server does not trust the gateway's new certificate yet: the old one is used, until ${new Date(certificate.validTo).toISOString()}. Have the new one trusted at the server before.`;

interface Entry {
  readonly signal: AbortSignal;
  readonly earlier: Session | undefined;
}

/** One attempt, as `own`. What does not become a link leaves nothing open. */
async function enter(config: OpcuaConfig, pki: string, own: Own, { signal, earlier }: Entry): Promise<Link> {
  const user = await identity(config);
  const way = await until(signal, wayTo(config, pki, own));
  const client = OPCUAClient.create(options(config, own, way));
  const lost = new Promise<never>((_, reject) => {
    client.once('connection_lost', () => reject(new Error(`${config.endpoint} closed the connection.`)));
    client.once('close', () => reject(new Error(`The connection to ${config.endpoint} is closed.`)));
  });
  let isCut = false;
  lost.catch(() => (isCut = true));

  const open = async () => {
    await client.connect(config.endpoint);
    if (earlier !== undefined && (await resumed(client, earlier))) return earlier;
    return (await client.createSession(user)) as Session;
  };
  const opening = open();
  let stays: (session: Session) => boolean = () => false;
  const goodbye = async () => {
    // The client itself leaves its sessions where they are, and one that comes too late would be one too many.
    const closed = opening.then((session) => (stays(session) ? undefined : session.close(true)));
    const bye = closed.catch(() => undefined).then(() => client.disconnect());
    await Promise.race([bye.catch(() => undefined), wait(GOODBYE_MS, undefined, { ref: false })]);
  };
  try {
    const session = await until(signal, opening);
    const { notices } = way;
    const leave = () => (stays = () => true);
    return { session, lost, notices, leave, isCut: () => isCut, [Symbol.asyncDispose]: goodbye };
  } catch (err) {
    stays = (session) => session === earlier; // for the next attempt
    await goodbye();
    throw err;
  }
}

/** ActivateSession on a new channel (OPC 10000-4, 5.7.3): a lost link leaves no session behind that nobody uses. */
const resumed = (client: OPCUAClient, earlier: Session): Promise<boolean> =>
  client.reactivateSession(earlier).then(
    () => true,
    () => false, // the server was restarted, or has dropped it
  );

const options = (config: OpcuaConfig, own: Own, way: Way): OPCUAClientOptions => ({
  ...clientOptions(own),
  ...way.options,
  // A server behind another name or address than it knows of is still the one that was asked for.
  endpointMustExist: false,
  keepPendingSessionsOnDisconnect: true,
  requestedSessionTimeout: Math.max(SESSION_MS, 10 * keepAliveMs(config)),
  // Longer than the longest silence of a healthy link, or an idle one would flap.
  transportTimeout: Math.max(TRANSPORT_MS, 5 * keepAliveMs(config)),
  // Stated, so that a larger message is an error and not a wait without end. Chunks may be as small as 8192 bytes.
  transportSettings: {
    maxMessageSize: config.maxMessageMegabytes * MEGABYTE,
    maxChunkCount: (config.maxMessageMegabytes * MEGABYTE) / 8192,
  },
});
