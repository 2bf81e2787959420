import '../../../collectors/opcua/quiet.ts';
import timers from 'node:timers/promises';
import {
  DataChangeNotification,
  DataType,
  DataValue,
  MonitoredItemNotification,
  NotificationMessage,
  StatusCodes,
  Variant,
} from 'node-opcua-client';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import { republished, scriptedServer } from '../../support/opcua-scripted.ts';
import type { ScriptedServer } from '../../support/opcua-scripted.ts';
import { scratchFolder } from '../../support/opcua-server.ts';

let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  pki = await scratchFolder();
});
afterAll(() => pki[Symbol.asyncDispose]());

const WAIT = { timeout: 15_000 };
const KEEP_ALIVE = (next: number) =>
  new NotificationMessage({ sequenceNumber: next, publishTime: new Date() });
const message = (sequenceNumber: number, value: number | string) =>
  new NotificationMessage({
    ...{ sequenceNumber, publishTime: new Date() },
    notificationData: [
      new DataChangeNotification({
        monitoredItems: [
          new MonitoredItemNotification({
            clientHandle: 0,
            value: new DataValue({
              value: new Variant({
                dataType: typeof value === 'number' ? DataType.Double : DataType.String,
                value,
              }),
              sourceTimestamp: new Date(),
            }),
          }),
        ],
      }),
    ],
  });

function client({ endpoint }: ScriptedServer, more: object = {}, kind: 'number' | 'text' = 'number') {
  const config = OpcuaConfig.parse({ endpoint, publishingMs: 100, history: false, ...more });
  const points = [aPoint(1, OpcuaAddress.parse({ node: 'nsu=urn:test:plant;s=level' }), kind)];
  const run = collect(opcua, { config, points, pkiFolder: pki.path, dataFolder: pki.path });
  onTestFinished(async () => {
    await run.stop();
  });
  return { ...run, values: () => run.of(1).map(({ value }) => value) };
}
const count = ({ requests }: ScriptedServer, name: string) => requests.filter((one) => one === name).length;

test('a message that the server cannot repeat is a known loss, and the link goes on', async () => {
  await using server = await scriptedServer();
  const { values, losses } = client(server);
  await server.say(message(1, 10));
  await server.say(message(3, 30));
  await vi.waitFor(() => expect(losses).toHaveLength(1), WAIT);
  expect(losses[0]).toMatchObject({ tag: null, cause: '1 messages of the server were lost' });
  expect(losses[0]!.from).toBeLessThanOrEqual(losses[0]!.to);
  await server.say(message(4, 40));
  await vi.waitFor(() => expect(values()).toEqual([10, 30, 40]), WAIT);
  expect(count(server, 'RepublishRequest')).toBe(1); // asked once: a server that says no is not asked for ever
  expect(count(server, 'CreateSessionRequest')).toBe(1);
});

test('a message that the server can repeat is no loss', async () => {
  await using server = await scriptedServer({ RepublishRequest: () => republished(message(2, 20)) });
  const { values, losses } = client(server);
  await server.say(message(1, 10));
  await server.say(message(3, 30));
  await vi.waitFor(() => expect(values()).toEqual([10, 30, 20]), WAIT);
  expect(losses).toEqual([]);
});

test('a server that answers everything but sends no keep-alive is left, and read on over a new link', async () => {
  await using server = await scriptedServer();
  const first = client(server);
  await server.say(message(1, 10));
  expect(await first.ended).toMatchObject({
    message: expect.stringContaining('not even a keep-alive') as string,
  });
  expect(server.requests.at(-1)).not.toBe('CreateSessionRequest');
  const second = client(server);
  await server.say(message(1, 11));
  await vi.waitFor(() => expect(second.values()).toContain(11), WAIT);
});

test('a server that cannot transfer subscriptions has them made anew after a lost line', async () => {
  await using server = await scriptedServer();
  const first = client(server);
  await server.say(message(1, 10));
  await vi.waitFor(() => expect(first.values()).toEqual([10]), WAIT);
  server.script['ActivateSessionRequest'] = () => {
    delete server.script['ActivateSessionRequest']; // of a new session it is accepted
    return StatusCodes.BadSessionIdInvalid;
  };
  server.drop();
  expect(await first.ended).toBeInstanceOf(Error);
  const second = client(server);
  await vi.waitFor(() => expect(count(server, 'CreateMonitoredItemsRequest')).toBe(2), WAIT);
  expect(count(server, 'TransferSubscriptionsRequest')).toBe(1); // answered with BadServiceUnsupported
  await server.say(message(1, 20), { subscription: Math.max(...server.watched.keys()) });
  await vi.waitFor(() => expect(second.values()).toEqual([20]), WAIT);
});

test('what goes of a full queue, and how much it holds, is what the address says', async () => {
  await using server = await scriptedServer();
  const node = 'nsu=urn:test:plant;s=level';
  const run = collect(opcua, {
    config: OpcuaConfig.parse({ endpoint: server.endpoint, publishingMs: 100, queueSize: 5 }),
    points: [
      aPoint(1, OpcuaAddress.parse({ node })),
      aPoint(2, OpcuaAddress.parse({ node, discard: 'newest', queueSize: 7 })),
    ],
    ...{ pkiFolder: pki.path, dataFolder: pki.path },
  });
  onTestFinished(async () => {
    await run.stop();
  });
  const asked = () =>
    [...server.watched.values()].flatMap(({ items }) =>
      items.map(({ requestedParameters: { discardOldest, queueSize } }) => ({ discardOldest, queueSize })),
    );
  await vi.waitFor(
    () =>
      expect(asked()).toEqual([
        { discardOldest: true, queueSize: 5 },
        { discardOldest: false, queueSize: 7 },
      ]),
    WAIT,
  );
});

test.each([
  'BadNoSubscription',
  'BadSubscriptionIdInvalid',
  'BadSessionIdInvalid',
  'BadSessionClosed',
] as const)(
  'a server that has forgotten us while the line lives (%s) ends the run, and all is made anew',
  async (why) => {
    await using server = await scriptedServer();
    const first = client(server);
    await server.say(message(1, 10));
    await vi.waitFor(() => expect(first.values()).toEqual([10]), WAIT);
    server.script['PublishRequest'] = () => StatusCodes[why];
    await server.say(KEEP_ALIVE(2)); // the next request is refused
    expect(String(await first.ended)).toContain(why);
    delete server.script['PublishRequest'];
    const second = client(server);
    await vi.waitFor(() => expect(count(server, 'CreateSubscriptionRequest')).toBe(2), WAIT);
    await server.say(message(1, 12), { subscription: 2 });
    await vi.waitFor(() => expect(second.values()).toEqual([12]), WAIT);
  },
);

test('a slow server is waited for as long as it shows signs of life', async () => {
  const slow = 3_500; // longer than a silence may be
  await using server = await scriptedServer({
    async CreateMonitoredItemsRequest() {
      await timers.setTimeout(slow);
      delete server.script['CreateMonitoredItemsRequest'];
      return StatusCodes.BadTooManyOperations; // and then it has nerve to want it in halves
    },
  });
  const { values, ended } = client(server);
  const beat = setInterval(() => void (server.waiting() > 1 && server.say(KEEP_ALIVE(1))), 500);
  onTestFinished(() => clearInterval(beat));
  await vi.waitFor(() => expect(count(server, 'CreateMonitoredItemsRequest')).toBe(1), WAIT);
  await vi.waitFor(() => expect(server.script['CreateMonitoredItemsRequest']).toBeUndefined(), WAIT);
  await server.say(message(1, 10));
  await vi.waitFor(() => expect(values()).toContain(10), WAIT);
  expect(await Promise.race([ended, Promise.resolve('still running')])).toBe('still running');
});

test('a message that is larger than agreed ends the link with what to do, and the process lives', async () => {
  await using server = await scriptedServer();
  const run = client(server, { maxMessageMegabytes: 1 }, 'text');
  await server.say(message(1, 'small'));
  await vi.waitFor(() => expect(run.values()).toEqual(['small']), WAIT);
  await server.say(message(2, 'x'.repeat(3 * 1024 ** 2)));
  expect(await run.ended).toBeInstanceOf(Error);
  const again = client(server, { maxMessageMegabytes: 16 }, 'text');
  await vi.waitFor(() => expect(count(server, 'CreateSubscriptionRequest')).toBe(2), WAIT);
  await server.say(message(1, 'small again'), { subscription: 2 });
  await vi.waitFor(() => expect(again.values()).toContain('small again'), WAIT);
});
