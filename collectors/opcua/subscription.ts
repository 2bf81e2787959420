import type {
  DeleteSubscriptionsRequestOptions,
  TransferSubscriptionsRequestOptions,
  TransferSubscriptionsResponse,
} from 'node-opcua-client';
import { keepAliveMs } from './config.ts';
import type { OpcuaConfig } from './config.ts';
import type { Session } from './session.ts';

/** What is known of a subscription at the server. It may outlive the link that it was made on. */
export interface Subscription {
  readonly id: number;
  /** A healthy one has said something by then. */
  readonly silenceMs: number;
  /** How many nodes it watches. */
  items: number;
  /** It has refused a node for want of room. */
  full: boolean;
  /** It is no longer wanted: its silence means nothing. */
  retired: boolean;
  /** The number of the next message with data (OPC 10000-4, 7.25). */
  next: number;
  /** When the server sent the newest message. */
  sentAt: number;
  /** Whether it has said anything on this link. */
  heard: boolean;
}

/** What is decoded at once is in memory at once: many small messages cost less to collect than a few large ones. */
const VALUES_PER_MESSAGE = 2000;
const LEAST_SILENCE_MS = 3_000;
/** A server drops the subscription of a client that has not been heard for this long. */
const LIFETIME_MS = 30_000;

export async function createSubscription(session: Session, config: OpcuaConfig): Promise<Subscription> {
  const keepAliveCount = Math.max(1, Math.round(keepAliveMs(config) / config.publishingMs));
  const revised = await session.createSubscription({
    requestedPublishingInterval: config.publishingMs,
    requestedMaxKeepAliveCount: keepAliveCount,
    requestedLifetimeCount: Math.max(3 * keepAliveCount, Math.ceil(LIFETIME_MS / config.publishingMs)),
    maxNotificationsPerPublish: VALUES_PER_MESSAGE,
    publishingEnabled: true,
    priority: 1,
  });
  const quietMs = revised.revisedPublishingInterval * revised.revisedMaxKeepAliveCount;
  return {
    id: revised.subscriptionId,
    silenceMs: Math.max(LEAST_SILENCE_MS, 3 * quietMs),
    items: 0,
    full: false,
    retired: false,
    next: 1,
    sentAt: Date.now(),
    heard: false,
  };
}

/**
 * Takes over what another session of ours has left (OPC 10000-4, 5.14.7). False where the server does not have the
 * service, or not all of them any more: then they are made anew.
 */
export async function transfer(session: Session, subscriptions: readonly Subscription[]): Promise<boolean> {
  try {
    const request = { subscriptionIds: subscriptions.map(({ id }) => id), sendInitialValues: true };
    const { results } = await promising(session).transferSubscriptions(request);
    return subscriptions.every((_, i) => results?.[i]?.statusCode.isGood() === true);
  } catch {
    return false; // what is wrong with the session itself shows in the next request
  }
}

/** What is gone already needs no deleting. */
export async function drop(session: Session, subscriptions: readonly Subscription[]): Promise<void> {
  if (subscriptions.length === 0) return;
  const subscriptionIds = subscriptions.map(({ id }) => id);
  await promising(session)
    .deleteSubscriptions({ subscriptionIds })
    .catch(() => undefined);
}

/** Of these two the library's types know the form with a callback alone. */
interface Promising {
  transferSubscriptions(request: TransferSubscriptionsRequestOptions): Promise<TransferSubscriptionsResponse>;
  deleteSubscriptions(request: DeleteSubscriptionsRequestOptions): Promise<unknown>;
}
const promising = (session: Session) => session as unknown as Promising;
