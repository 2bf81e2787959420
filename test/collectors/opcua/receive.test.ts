import '../../../collectors/opcua/quiet.ts';
import { createRequire } from 'node:module';
import timers from 'node:timers/promises';
import {
  coerceNodeId,
  DataChangeNotification,
  DataType,
  DataValue,
  MonitoredItemNotification,
  NotificationMessage,
  StatusCodes,
  Variant,
} from 'node-opcua-client';
import type { ExtensionObject, NodeId } from 'node-opcua-client';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { gather } from '../../../collectors/gather.ts';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { readersOf } from '../../../collectors/opcua/readers.ts';
import { receiver } from '../../../collectors/opcua/receive.ts';
import type { Session } from '../../../collectors/opcua/session.ts';
import { structures } from '../../../collectors/opcua/structure.ts';
import { aPoint, aReport, collect } from '../../support/collecting.ts';
import { scriptedServer } from '../../support/opcua-scripted.ts';
import { scratchFolder } from '../../support/opcua-server.ts';

/** The client's own dependency. */
const { OpaqueStructure } = createRequire(import.meta.resolve('node-opcua-client'))(
  'node-opcua-extension-object',
) as { OpaqueStructure: new (type: NodeId, body: Buffer) => ExtensionObject };

let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  pki = await scratchFolder();
});
afterAll(() => pki[Symbol.asyncDispose]());

const WAIT = { timeout: 15_000 };
/** A value of a type that the server must be asked about. */
function structure() {
  const sent = new MonitoredItemNotification({
    clientHandle: 0,
    value: new DataValue({ sourceTimestamp: new Date() }),
  });
  sent.value.value = new Variant({ dataType: DataType.ExtensionObject, value: null });
  // Not by the constructor: the copies that it makes of one are not right.
  sent.value.value.value = new OpaqueStructure(coerceNodeId('ns=2;i=5001'), Buffer.from([1, 2, 3]));
  return sent;
}
const point = aPoint(1, OpcuaAddress.parse({ node: 'nsu=urn:test:plant;s=level', path: 'Speed' }));

/**
 * A source whose server has sent a structure, and is being asked about its type; and whether the session was closed
 * when each batch arrived.
 */
async function asked(describe: () => Promise<undefined | typeof StatusCodes.BadServiceUnsupported>) {
  const server = await scriptedServer({ BrowseRequest: describe });
  const config = OpcuaConfig.parse({ endpoint: server.endpoint, publishingMs: 100, history: false });
  const closed: boolean[] = [];
  const plan = { config, points: [point], pkiFolder: pki.path, dataFolder: pki.path };
  const run = collect(opcua, plan, async () => {
    closed.push(server.requests.includes('CloseSessionRequest'));
    await Promise.resolve();
  });
  onTestFinished(async () => {
    await run.stop();
    await server[Symbol.asyncDispose]();
  });
  const changes = new DataChangeNotification();
  changes.monitoredItems = [structure()];
  const message = new NotificationMessage({ sequenceNumber: 1, publishTime: new Date() });
  message.notificationData = [changes];
  await server.say(message);
  await vi.waitFor(() => expect(server.requests).toContain('BrowseRequest'), WAIT);
  return { run, closed };
}

test('the session is not closed before values are safe whose type is still being asked about', async () => {
  let answer: (status: typeof StatusCodes.BadServiceUnsupported) => void = () => undefined;
  const { run, closed } = await asked(() => new Promise((resolve) => (answer = resolve)));
  const stopped = run.stop();
  await timers.setTimeout(300); // a slow server
  answer(StatusCodes.BadServiceUnsupported);
  await stopped;
  expect(run.of(1)).toMatchObject([{ value: null, status: 'bad' }]);
  expect(run.losses).toEqual([]);
  expect(closed.at(-1)).toBe(false);
});

test('values whose type a server does not describe before the link ends are a known loss', async () => {
  const { run } = await asked(() => new Promise(() => undefined));
  await run.stop();
  expect(run.of(1)).toEqual([]);
  expect(run.losses).toMatchObject([{ tag: null, count: 1 }]);
});

test('values whose type is being asked about count as waiting', () => {
  const { report, faults, losses } = aReport();
  const mute = { read: () => new Promise(() => undefined) } as unknown as Session;
  const config = OpcuaConfig.parse({ endpoint: 'opc.tcp://127.0.0.1' });
  const readers = readersOf({ config, points: [point], pkiFolder: pki.path });
  const { values } = receiver(
    readers,
    structures(mute),
    gather(() => Promise.resolve(), 10),
    report,
  );
  const many = new Array<MonitoredItemNotification>(150_000).fill(structure());
  values(many);
  expect(faults).toEqual([]);
  values(many);
  expect(faults).toMatchObject([{ kind: 'overflow' }]);
  expect(losses).toMatchObject([{ count: 150_000 }]);
});
