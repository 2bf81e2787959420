import {
  DataChangeNotification,
  EventNotificationList,
  RepublishRequest,
  StatusChangeNotification,
} from 'node-opcua-client';
import type {
  EventFieldList,
  MonitoredItemNotification,
  NotificationMessage,
  RepublishResponse,
} from 'node-opcua-client';
import { after, isOld, missing } from './sequence.ts';
import type { Session } from './session.ts';
import type { Subscription } from './subscription.ts';

export interface Acknowledgement {
  readonly subscriptionId: number;
  readonly sequenceNumber: number;
}

export interface Ears {
  /** Changed values in the order sent, or none: a sign of life. */
  readonly values: (values: readonly MonitoredItemNotification[]) => void;
  /** Messages that the server had sent, or was about to, and has no longer. */
  readonly lost: (messages: number, from: number, to: number) => void;
  /** Events in the order sent. */
  readonly events?: (events: readonly EventFieldList[]) => void;
  /** Messages did not arrive in their place: events among them are not made good. */
  readonly disordered?: () => void;
}

/** The server says that a subscription is no more: there is nothing to resume. */
export class SubscriptionEnded extends Error {
  override name = 'SubscriptionEnded';
}

export const hasData = ({ notificationData }: NotificationMessage): boolean =>
  notificationData !== null && notificationData.length > 0;

export function valuesIn({ notificationData }: NotificationMessage): readonly MonitoredItemNotification[] {
  const parts: (readonly MonitoredItemNotification[])[] = [];
  for (const notification of notificationData ?? []) {
    if (notification instanceof StatusChangeNotification) {
      throw new SubscriptionEnded(`The server ended the subscription (${notification.status.name}).`);
    }
    if (notification instanceof DataChangeNotification) parts.push(notification.monitoredItems ?? []);
  }
  // Thousands of values a message: one part, the usual case, is not copied.
  const [only, ...more] = parts;
  return more.length === 0 ? (only ?? []) : parts.flat();
}

export const eventsIn = ({ notificationData }: NotificationMessage): EventFieldList[] =>
  (notificationData ?? []).flatMap((notification) =>
    notification instanceof EventNotificationList ? (notification.events ?? []) : [],
  );

/** Messages that did not arrive. */
interface Missing {
  readonly subscriptionId: number;
  readonly count: number;
  readonly numbers: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Takes note of a message, and says which ones before it did not arrive. */
export function noted(
  subscription: Subscription,
  message: NotificationMessage,
  available: readonly number[],
): Missing | undefined {
  const { sequenceNumber } = message;
  const from = subscription.sentAt;
  const to = message.publishTime?.getTime() ?? Date.now();
  const due = missing(subscription.next, sequenceNumber);
  subscription.heard = true;
  subscription.sentAt = Math.max(from, to);
  // The number of a keep-alive is the next message's. Alone it proves nothing: some servers count in their own way.
  const proven = hasData(message) || due.numbers.some((one) => available.includes(one));
  if (hasData(message) && !isOld(subscription.next, sequenceNumber))
    subscription.next = after(sequenceNumber);
  else if (due.count > 0 && proven) subscription.next = sequenceNumber;
  return due.count > 0 && proven ? { subscriptionId: subscription.id, ...due, from, to } : undefined;
}

/** Asks for what did not arrive (Republish, OPC 10000-4, 5.14.6). What the server has no longer is lost, and said. */
export async function recover(
  session: Session,
  { subscriptionId, count, numbers, from, to }: Missing,
  ears: Ears,
  acknowledgements: Acknowledgement[],
): Promise<void> {
  let lost = count - numbers.length;
  for (const sequenceNumber of numbers) {
    const message = await republish(session, subscriptionId, sequenceNumber);
    if (message === undefined) {
      lost++;
      continue;
    }
    acknowledgements.push({ subscriptionId, sequenceNumber });
    ears.values(valuesIn(message));
  }
  if (lost > 0) ears.lost(lost, from, to);
}

/** Undefined: the server does not have that message any more. */
function republish(
  session: Session,
  subscriptionId: number,
  retransmitSequenceNumber: number,
): Promise<NotificationMessage | undefined> {
  return new Promise((resolve, reject) => {
    const request = new RepublishRequest({ subscriptionId, retransmitSequenceNumber });
    session.republish(request, (err, response?: RepublishResponse) => {
      if (err !== null && /BadMessageNotAvailable|BadServiceUnsupported/.test(err.message))
        resolve(undefined);
      else if (err !== null || response === undefined)
        reject(err ?? new Error('An empty answer to Republish.'));
      else resolve(response.notificationMessage);
    });
  });
}
