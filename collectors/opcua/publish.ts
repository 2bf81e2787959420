import { PublishRequest } from 'node-opcua-client';
import type { PublishResponse } from 'node-opcua-client';
import { isServiceFault } from './items.ts';
import { eventsIn, hasData, noted, recover, SubscriptionEnded, valuesIn } from './messages.ts';
import type { Acknowledgement, Ears } from './messages.ts';
import type { Session } from './session.ts';
import type { Subscription } from './subscription.ts';

/** Requests the server may hold at a time, beside one for each subscription: one answers, the next is on its way. */
const SPARE = 1;
const MOST_REQUESTS = 10;

/** Listens to subscriptions of one session (OPC 10000-4, 5.14.5). */
export interface Publishing {
  add(subscription: Subscription): void;
  /**
   * Rejects when the server ends a subscription, or when one has sent nothing, not even a keep-alive, for as long as
   * it should not. Resolves when `signal` aborts.
   */
  readonly over: Promise<void>;
}

export function publishing(session: Session, ears: Ears, signal: AbortSignal): Publishing {
  const watched = watchdogs();
  const acknowledgements: Acknowledgement[] = [];
  let asking = 0;
  let most = MOST_REQUESTS;
  let settle: { resolve: () => void; reject: (err: unknown) => void };
  const over = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  const fail = (err: unknown) => settle.reject(err);
  const stop = () => settle.resolve();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  void over.catch(() => undefined).then(() => watched.clear());

  const receive = (response: PublishResponse) => {
    const { notificationMessage: message, subscriptionId, availableSequenceNumbers } = response;
    const subscription = watched.heard(subscriptionId);
    if (subscription === undefined) return;
    const gap = noted(subscription, message, availableSequenceNumbers ?? []);
    if (hasData(message)) acknowledgements.push({ subscriptionId, sequenceNumber: message.sequenceNumber });
    ears.values(valuesIn(message));
    const events = eventsIn(message);
    if (events.length > 0) ears.events?.(events);
    if (gap === undefined) return;
    ears.disordered?.();
    void recover(session, gap, ears, acknowledgements).catch(fail);
  };
  const ask = async () => {
    while (!signal.aborted && watched.size() > 0) {
      try {
        receive(await publishOnce(session, acknowledgements, 4 * watched.longestMs()));
      } catch (err) {
        // Some servers hold only one request or two of a session.
        if (asking <= 1 || !String(err).includes('BadTooManyPublishRequests')) throw err;
        most = asking - 1;
        return;
      }
    }
  };
  return {
    over,
    add(subscription) {
      if (signal.aborted) return;
      watched.add(subscription, fail);
      while (asking < Math.min(watched.size() + SPARE, most)) {
        asking++;
        void ask()
          .catch(fail)
          .finally(() => asking--);
      }
    },
  };
}

/** One for each subscription: another's sign of life is none of its own. */
function watchdogs() {
  const watched = new Map<number, { subscription: Subscription; watchdog: NodeJS.Timeout }>();
  return {
    size: () => watched.size,
    longestMs: () => Math.max(...[...watched.values()].map(({ subscription }) => subscription.silenceMs)),
    heard(id: number): Subscription | undefined {
      const entry = watched.get(id);
      entry?.watchdog.refresh();
      return entry?.subscription.retired === true ? undefined : entry?.subscription;
    },
    add(subscription: Subscription, fail: (err: Error) => void) {
      const { id, silenceMs } = subscription;
      const silent = () => {
        watched.delete(id);
        if (!subscription.retired)
          fail(new Error(`The server has sent nothing, not even a keep-alive, for ${silenceMs} ms.`));
      };
      watched.set(id, { subscription, watchdog: setTimeout(silent, silenceMs) });
    },
    clear() {
      for (const { watchdog } of watched.values()) clearTimeout(watchdog);
      watched.clear();
    },
  };
}

/** In the server's own words: there is nothing left to go on with, though the line is fine. */
const FORGOTTEN = /BadNoSubscription|BadSubscriptionIdInvalid|BadSessionIdInvalid|BadSessionClosed/;

function failureOf(err: Error | null): Error {
  if (err === null) return new Error('An empty answer to a publish request.');
  if (!isServiceFault(err) || !FORGOTTEN.test(err.message)) return err;
  return new SubscriptionEnded(`The server has forgotten the subscription (${err.message}).`, { cause: err });
}

/** Takes the acknowledgements along. Those of a request that failed are put back: else the server keeps their messages. */
function publishOnce(
  session: Session,
  acknowledgements: Acknowledgement[],
  timeoutHint: number,
): Promise<PublishResponse> {
  const subscriptionAcknowledgements = acknowledgements.splice(0);
  return new Promise((resolve, reject) => {
    const request = new PublishRequest({ requestHeader: { timeoutHint }, subscriptionAcknowledgements });
    session.publish(request, (err, response) => {
      if (response !== undefined && err === null) {
        resolve(response);
        return;
      }
      acknowledgements.push(...subscriptionAcknowledgements);
      reject(failureOf(err));
    });
  });
}
