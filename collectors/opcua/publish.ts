import { DataChangeNotification, PublishRequest, StatusChangeNotification } from 'node-opcua-client';
import type { MonitoredItemNotification, PublishResponse } from 'node-opcua-client';
import type { Session } from './session.ts';

/** Requests the server holds at a time: one answers while the next is on its way. */
const REQUESTS = 2;

interface Acknowledgement {
  readonly subscriptionId: number;
  readonly sequenceNumber: number;
}

/** What the server sent: changed values, or nothing but a sign of life. */
export type OnValues = (values: readonly MonitoredItemNotification[]) => void;

/**
 * Asks for notifications until `signal` aborts (OPC 10000-4, 5.14.5). Rejects when the server ends the subscription,
 * or when it has sent nothing, not even a keep-alive, for `silenceMs`.
 */
export async function publish(
  session: Session,
  silenceMs: number,
  onValues: OnValues,
  signal: AbortSignal,
): Promise<void> {
  const acknowledgements: Acknowledgement[] = [];
  let wake: (err: Error) => void = () => undefined;
  const silent = new Promise<never>((_, reject) => (wake = reject));
  const watchdog = setTimeout(
    () => wake(new Error(`The server has sent nothing, not even a keep-alive, for ${silenceMs} ms.`)),
    silenceMs,
  );

  const ask = async () => {
    while (!signal.aborted) {
      const response = await publishOnce(session, acknowledgements.splice(0), silenceMs * 4);
      watchdog.refresh();
      onValues(valuesIn(response, acknowledgements));
    }
  };
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const asking = Array.from({ length: REQUESTS }, () => ask());
  for (const one of asking) one.catch(() => undefined);
  try {
    await Promise.race([silent, stopped, ...asking]);
  } finally {
    clearTimeout(watchdog);
  }
}

function publishOnce(
  session: Session,
  subscriptionAcknowledgements: Acknowledgement[],
  timeoutHint: number,
): Promise<PublishResponse> {
  return new Promise((resolve, reject) => {
    const request = new PublishRequest({ requestHeader: { timeoutHint }, subscriptionAcknowledgements });
    session.publish(request, (err, response) => {
      if (response !== undefined && err === null) resolve(response);
      else reject(err ?? new Error('An empty answer to a publish request.'));
    });
  });
}

/** Values in the order sent. Notes what is to be acknowledged: a keep-alive (without data) is not. */
function valuesIn(
  { subscriptionId, notificationMessage }: PublishResponse,
  acknowledgements: Acknowledgement[],
): MonitoredItemNotification[] {
  const { notificationData, sequenceNumber } = notificationMessage;
  if (notificationData === null || notificationData.length === 0) return [];
  acknowledgements.push({ subscriptionId, sequenceNumber });
  return notificationData.flatMap((notification) => {
    if (notification instanceof StatusChangeNotification) {
      throw new Error(`The server ended the subscription (${notification.status.name}).`);
    }
    return notification instanceof DataChangeNotification ? (notification.monitoredItems ?? []) : [];
  });
}
