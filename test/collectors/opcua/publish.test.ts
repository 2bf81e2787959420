import '../../../collectors/opcua/quiet.ts';
import {
  DataChangeNotification,
  DataType,
  DataValue,
  MonitoredItemNotification,
  NotificationMessage,
  PublishResponse,
  RepublishResponse,
  StatusChangeNotification,
  StatusCodes,
  Variant,
} from 'node-opcua-client';
import type { PublishRequest, RepublishRequest } from 'node-opcua-client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { publishing } from '../../../collectors/opcua/publish.ts';
import type { Session } from '../../../collectors/opcua/session.ts';
import type { Subscription } from '../../../collectors/opcua/subscription.ts';

const message = (sequenceNumber: number, ...values: number[]) =>
  new NotificationMessage({
    sequenceNumber,
    publishTime: new Date(),
    notificationData:
      values.length === 0
        ? []
        : [new DataChangeNotification({ monitoredItems: values.map((value) => notification(value)) })],
  });
const notification = (value: number) =>
  new MonitoredItemNotification({
    clientHandle: 0,
    value: new DataValue({ value: new Variant({ dataType: DataType.Double, value }) }),
  });

type Answer = (err: Error | null, response?: PublishResponse) => void;

/** A server that says what a test tells it to, and keeps the messages that it is given to keep. */
function scripted(kept: readonly NotificationMessage[] = [], room = { requests: 10 }) {
  const waiting: Answer[] = [];
  const acknowledged: number[] = [];
  const asked: number[] = [];
  const session = {
    publish({ subscriptionAcknowledgements }: PublishRequest, answer: Answer) {
      if (waiting.length >= room.requests) {
        answer(new Error('serviceResult = BadTooManyPublishRequests (0x80780000)'));
        return;
      }
      acknowledged.push(...(subscriptionAcknowledgements ?? []).map(({ sequenceNumber }) => sequenceNumber));
      waiting.push(answer);
    },
    republish(
      { retransmitSequenceNumber }: RepublishRequest,
      answer: (err: Error | null, response?: RepublishResponse) => void,
    ) {
      asked.push(retransmitSequenceNumber);
      const found = kept.find(({ sequenceNumber }) => sequenceNumber === retransmitSequenceNumber);
      if (found === undefined) answer(new Error('serviceResult = BadMessageNotAvailable (0x807b0000)'));
      else answer(null, new RepublishResponse({ notificationMessage: found }));
    },
  } as unknown as Session;
  const say = async (notificationMessage: NotificationMessage, more: Record<string, unknown> = {}) => {
    await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(0));
    waiting.shift()!(null, new PublishResponse({ subscriptionId: 1, notificationMessage, ...more }));
  };
  return { session, say, acknowledged, asked, held: () => waiting.length };
}

const subscription = (id = 1, silenceMs = 60_000): Subscription => ({
  ...{ id, silenceMs, items: 1, full: false, retired: false, next: 1, sentAt: Date.now(), heard: false },
});

function listen(session: Session, ...subscriptions: Subscription[]) {
  const values: number[] = [];
  const lost: number[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const listening = publishing(
    session,
    {
      values: (sent) => void values.push(...sent.map(({ value }) => value.value.value as number)),
      lost: (messages) => void lost.push(messages),
    },
    stop.signal,
  );
  for (const one of subscriptions) listening.add(one);
  return { values, lost, over: listening.over };
}

test('messages that did not arrive are asked for again; those that the server no longer has are lost, and said', async () => {
  const server = scripted([message(3, 30)]);
  const { values, lost } = listen(server.session, subscription());
  await server.say(message(1, 10));
  await server.say(message(4, 40));
  await vi.waitFor(() => expect(lost).toEqual([1]));
  expect(server.asked).toEqual([2, 3]);
  expect(values).toEqual([10, 40, 30]);
  await server.say(message(5, 50)); // and it goes on
  await vi.waitFor(() => expect(values).toContain(50));
  await server.say(message(6));
  await vi.waitFor(() => expect(server.acknowledged).toEqual(expect.arrayContaining([1, 3, 4, 5])));
  expect(server.acknowledged).not.toContain(6); // a keep-alive is nothing to acknowledge
});

test('a keep-alive shows what is missing, if the server still has it', async () => {
  const server = scripted([message(2, 20)]);
  const { values, lost } = listen(server.session, subscription());
  await server.say(message(1, 10));
  await server.say(message(3), { availableSequenceNumbers: [2] });
  await vi.waitFor(() => expect(values).toEqual([10, 20]));
  expect(lost).toEqual([]);
});

test('a server that counts its keep-alives as messages is not taken for one that loses them', async () => {
  const server = scripted();
  const { values, lost } = listen(server.session, subscription());
  await server.say(message(1, 10));
  await server.say(message(7));
  await server.say(message(8));
  await server.say(message(2, 20));
  await vi.waitFor(() => expect(values).toEqual([10, 20]));
  expect(server.asked).toEqual([]);
  expect(lost).toEqual([]);
});

test('a subscription that falls silent ends the run, though another goes on', async () => {
  const server = scripted();
  const { over } = listen(server.session, subscription(1), subscription(2, 300));
  const beat = setInterval(() => void server.say(message(1)), 50);
  onTestFinished(() => clearInterval(beat));
  await expect(over).rejects.toThrow('not even a keep-alive, for 300 ms');
});

test('a server that ends a subscription ends the run', async () => {
  const server = scripted();
  const { over } = listen(server.session, subscription());
  const ended = new StatusChangeNotification({ status: StatusCodes.BadTimeout });
  await server.say(new NotificationMessage({ sequenceNumber: 1, notificationData: [ended] }));
  await expect(over).rejects.toMatchObject({ name: 'SubscriptionEnded' });
});

test('a server that holds only one request at a time is listened to with one', async () => {
  const server = scripted([], { requests: 1 });
  const { values } = listen(server.session, subscription(1), subscription(2));
  await server.say(message(1, 10));
  await server.say(message(2, 20));
  await vi.waitFor(() => expect(values).toEqual([10, 20]));
  expect(server.held()).toBeLessThanOrEqual(1);
});

test('what was acknowledged in a request that the server had no room for is acknowledged again', async () => {
  const room = { requests: 2 };
  const server = scripted([], room);
  const { values } = listen(server.session, subscription(1));
  expect(server.held()).toBe(2);
  room.requests = 1;
  await server.say(message(1, 10)); // the next request is refused
  await server.say(message(2, 20));
  await vi.waitFor(() => expect(server.acknowledged).toEqual([1, 2]));
  expect(values).toEqual([10, 20]);
});
