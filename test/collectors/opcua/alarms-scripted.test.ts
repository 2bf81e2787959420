import '../../../collectors/opcua/quiet.ts';
import {
  CallMethodResult,
  CallResponse,
  CreateMonitoredItemsResponse,
  DataType,
  EventFieldList,
  EventNotificationList,
  NotificationMessage,
  resolveNodeId,
  StatusCodes,
  Variant,
} from 'node-opcua-client';
import type { CallRequest, CreateMonitoredItemsRequest, EventFilter, StatusCode } from 'node-opcua-client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { fieldNames } from '../../../collectors/opcua/alarms/filter.ts';
import type { Field } from '../../../collectors/opcua/alarms/filter.ts';
import { OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { collect } from '../../support/collecting.ts';
import { scratchFolder } from '../../support/opcua-server.ts';
import { scriptedServer } from '../../support/opcua-scripted.ts';
import type { Script } from '../../support/opcua-scripted.ts';

const soon = { timeout: 10_000, interval: 20 };
const node = (value: string) => new Variant({ dataType: DataType.NodeId, value: resolveNodeId(value) });
const event = (fields: Partial<Record<Field, Variant>>) =>
  new EventFieldList({
    clientHandle: 0,
    eventFields: fieldNames.map((name) => fields[name] ?? new Variant()),
  });
const alarm = (name: string, retain = true) =>
  event({
    ...{ eventType: node('i=2915'), conditionId: node(`ns=1;s=${name}`) },
    eventId: new Variant({ dataType: DataType.ByteString, value: Buffer.from(name) }),
    retain: new Variant({ dataType: DataType.Boolean, value: retain }),
    acknowledged: new Variant({ dataType: DataType.Boolean, value: false }),
  });
const [START, END, OVERFLOW] = ['i=2787', 'i=2788', 'i=3035'].map((type) => event({ eventType: node(type) }));

/** A source that follows a server which says what it is told to. `calls` answers each method call. */
async function follow(calls: () => StatusCode, script: Script = {}) {
  const folder = await scratchFolder();
  const server = await scriptedServer({
    CallRequest: ({ methodsToCall }: CallRequest) =>
      new CallResponse({
        results: (methodsToCall ?? []).map(() => new CallMethodResult({ statusCode: calls() })),
      }),
    ...script,
  });
  const config = OpcuaConfig.parse({ endpoint: server.endpoint, publishingMs: 200, alarms: {} });
  const run = collect(opcua, { config, points: [], pkiFolder: folder.path, dataFolder: folder.path });
  onTestFinished(async () => {
    await run.stop();
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  let sequenceNumber = 0;
  const say = (...events: EventFieldList[]) =>
    server.say(
      new NotificationMessage({
        ...{ sequenceNumber: ++sequenceNumber, publishTime: new Date() },
        notificationData: [new EventNotificationList({ events })],
      }),
    );
  const called = (times: number) =>
    vi.waitFor(
      () =>
        expect(server.requests.filter((name) => name === 'CallRequest').length).toBeGreaterThanOrEqual(times),
      soon,
    );
  const told = () =>
    run.news.map(({ all, conditions }) => [
      all,
      conditions.map(({ key }) => key.replace(/^.*s=/, '')).join(' '),
    ]);
  return { ...run, server, say, called, told, skip: () => (sequenceNumber += 1) };
}
const good = () => StatusCodes.Good;

test('what is told between start and end of a refresh is all there is; what comes after is news', async () => {
  const run = await follow(good);
  await run.called(1);
  await run.say(START!, alarm('a'), alarm('b'));
  await run.say(alarm('c'), END!);
  await vi.waitFor(() => expect(run.told()).toEqual([[true, 'a b c']]), soon);
  await run.say(alarm('d'));
  await vi.waitFor(() => expect(run.told().at(-1)).toEqual([false, 'd']), soon);
});

test('a refresh in which events were lost is not taken for all there is, and is asked for again', async () => {
  const run = await follow(good);
  await run.called(1);
  await run.say(START!, alarm('a'), OVERFLOW!, END!);
  await vi.waitFor(() => expect(run.told()).toEqual([[false, 'a']]), soon);
  await run.called(2);
  await run.say(START!, alarm('b'), END!);
  await vi.waitFor(() => expect(run.told().at(-1)).toEqual([true, 'b']), soon);
});

test('a message that never arrived has all alarms told again', async () => {
  const run = await follow(good);
  await run.called(1);
  await run.say(START!, END!);
  run.skip();
  await run.say(alarm('a'));
  await run.called(2);
  expect(run.server.requests).toContain('RepublishRequest');
});

test('a server that is busy with another refresh is asked again', async () => {
  const answers = [StatusCodes.BadRefreshInProgress, StatusCodes.BadRefreshInProgress];
  const run = await follow(() => answers.shift() ?? StatusCodes.Good);
  await run.called(3);
  await run.say(START!, END!);
  await vi.waitFor(() => expect(run.told()).toEqual([[true, '']]), soon);
  expect(run.faults).toEqual([]);
});

test('a refresh that somebody else has asked for says nothing about us', async () => {
  const run = await follow(() => StatusCodes.BadMethodInvalid);
  await run.called(1);
  await vi.waitFor(() => expect(run.faults).toHaveLength(1), soon);
  await run.say(alarm('a'), START!, alarm('b'), END!);
  await vi.waitFor(
    () =>
      expect(run.told().slice(1)).toEqual([
        [false, 'a'],
        [false, 'b'],
      ]),
    soon,
  );
});

test('a server that cannot sort out events sends them all, and those of no condition are passed over', async () => {
  const clauses: number[] = [];
  const run = await follow(good, {
    CreateMonitoredItemsRequest({ itemsToCreate }: CreateMonitoredItemsRequest) {
      const results = (itemsToCreate ?? []).map(({ requestedParameters }) => {
        const { whereClause } = requestedParameters.filter as EventFilter;
        clauses.push(whereClause.elements?.length ?? 0);
        const isPlain = clauses.at(-1) === 0;
        return { statusCode: isPlain ? StatusCodes.Good : StatusCodes.BadEventFilterInvalid };
      });
      return new CreateMonitoredItemsResponse({ results });
    },
  });
  await run.called(1);
  expect(clauses).toEqual([9, 0]);
  const audit = event({
    ...{ eventType: node('i=2052') },
    eventId: new Variant({ dataType: DataType.ByteString, value: Buffer.from('audit') }),
  });
  await run.say(START!, audit, alarm('a'), audit, END!);
  await vi.waitFor(() => expect(run.told()).toEqual([[true, 'a']]), soon);
  expect(run.faults).toEqual([]);
});
