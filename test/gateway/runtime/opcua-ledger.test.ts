import '../../../collectors/opcua/quiet.ts';
import { join } from 'node:path';
import {
  CreateMonitoredItemsResponse,
  DataChangeNotification,
  DataType,
  DataValue,
  MonitoredItemNotification,
  NotificationMessage,
  StatusCodes,
  Variant,
} from 'node-opcua-client';
import type { CreateMonitoredItemsRequest } from 'node-opcua-client';
import { expect, test, vi } from 'vitest';
import { listCertificates, moveCertificate } from '../../../collectors/opcua/pki/list.ts';
import { aDatabase } from '../../support/database.ts';
import { gatewayMigrations } from '../../support/models.ts';
import { opcuaPlant } from '../../support/opcua-plant.ts';
import { scriptedServer } from '../../support/opcua-scripted.ts';
import type { Script } from '../../support/opcua-scripted.ts';
import { opcuaServer, scratchFolder } from '../../support/opcua-server.ts';
import { aPlantAtWork, expectAllStored } from '../../support/plant-at-work.ts';
import { aRelay } from '../../support/relay.ts';

const TAGS = 1000;
const INVALID = 500;
const soon = { timeout: 30_000, interval: 50 };

const plantOf = (endpoint: string) => ({
  site: { name: 'Works' },
  areas: [{ name: 'Hall' }],
  sources: [{ name: 'plc', protocol: 'opcua', config: { endpoint, publishingMs: 100 } }],
  tags: Array.from({ length: TAGS }, (_, i) => ({
    ...{ name: `T-${i}`, area: 'Hall', source: 'plc', spike: false },
    address: { node: i === INVALID ? 'ns=2;s=nobody' : `ns=2;s=many-${i}` },
  })),
});

/** One of the nodes does not exist. */
const nodes: Script = {
  CreateMonitoredItemsRequest: ({ itemsToCreate }: CreateMonitoredItemsRequest) =>
    new CreateMonitoredItemsResponse({
      results: (itemsToCreate ?? []).map(({ itemToMonitor: { nodeId } }, i) => ({
        statusCode: nodeId.value === 'nobody' ? StatusCodes.BadNodeIdUnknown : StatusCodes.Good,
        monitoredItemId: i + 1,
      })),
    }),
};
const valuesOf = (sequenceNumber: number) => {
  const now = new Date();
  const value = new DataValue({
    value: new Variant({ dataType: DataType.Double, value: sequenceNumber }),
    sourceTimestamp: now,
  });
  const monitoredItems = Array.from({ length: TAGS }, (_, clientHandle) => ({ clientHandle, value }))
    .filter(({ clientHandle }) => clientHandle !== INVALID)
    .map((item) => new MonitoredItemNotification(item));
  const notificationData = [new DataChangeNotification({ monitoredItems })];
  return new NotificationMessage({ sequenceNumber, publishTime: now, notificationData });
};

test(
  'a full server, one invalid node among 1,000, lost messages, a server killed and started again: all is accounted for',
  { timeout: 90_000 },
  async () => {
    await using db = await aDatabase({ migrations: gatewayMigrations });
    const first = await scriptedServer({
      ...nodes,
      CreateSessionRequest: () => StatusCodes.BadTooManySessions,
    });
    await using plant = await aPlantAtWork(db, plantOf(first.endpoint));
    const collected = () => plant.ledgers()[0]!.collected;
    await vi.waitFor(() => expect(plant.losses('plc')).toBeGreaterThan(0), soon);
    expect(plant.view('plc').lastError).toMatch(/BadTooManySessions.*close those that nobody needs/);

    delete first.script['CreateSessionRequest'];
    await vi.waitFor(() => expect(collected()).toBe(1), soon); // the invalid one says so
    await first.say(valuesOf(1));
    await vi.waitFor(() => expect(collected()).toBe(TAGS), soon);
    await first.say(valuesOf(3));
    await vi.waitFor(() => expect(collected()).toBe(2 * TAGS - 1), soon);
    const causes = async () =>
      (await db.query<{ cause: string }>('select cause from losses order by from_time')).map(
        ({ cause }) => cause,
      );
    await vi.waitFor(
      async () => expect(await causes()).toContain('1 messages of the server were lost'),
      soon,
    );

    const before = plant.losses('plc');
    await first[Symbol.asyncDispose]();
    await vi.waitFor(() => expect(plant.losses('plc')).toBeGreaterThan(before), soon);
    await using second = await scriptedServer(nodes, first.port);
    await second.say(valuesOf(1));
    await vi.waitFor(() => expect(collected()).toBeGreaterThanOrEqual(3 * TAGS - 1), soon);
    await vi.waitFor(async () => expect(await causes()).toContain('the gateway was not connected'), soon);
    expect(plant.view('plc').state).toBe('connected');
    await vi.waitFor(() => expectAllStored(plant.ledgers(), db), soon);
  },
);

test(
  'a server that is trusted later is collected from then on, and nothing is counted before',
  { timeout: 90_000 },
  async () => {
    await using db = await aDatabase({ migrations: gatewayMigrations });
    await using folder = await scratchFolder();
    await using server = await opcuaPlant();
    const config = { endpoint: server.endpoint, publishingMs: 100, security: 'best' };
    const tag = { name: 'Speed', area: 'Hall', source: 'plc', spike: false };
    const model = {
      site: { name: 'Works' },
      areas: [{ name: 'Hall' }],
      sources: [{ name: 'plc', protocol: 'opcua', config }],
      tags: [{ ...tag, address: { node: 'nsu=urn:test:plant;s=pump.Speed' } }],
    };
    await using plant = await aPlantAtWork(db, model, { dataFolder: folder.path });
    await vi.waitFor(() => expect(plant.losses('plc')).toBeGreaterThan(0), soon);
    expect(plant.view('plc').lastError).toContain('trust it on the page of certificates');
    expect(plant.ledgers()[0]!.collected).toBe(0);

    const pki = join(folder.path, 'pki');
    const refused = (await listCertificates(pki)).find(({ state }) => state === 'rejected');
    await moveCertificate(pki, refused!.thumbprint, 'trusted');
    await vi.waitFor(() => expect(plant.ledgers()[0]!.stored).toBe(1), soon);
    expect(plant.view('plc').state).toBe('connected');
    await vi.waitFor(() => expectAllStored(plant.ledgers(), db), soon);
  },
);

test(
  'what a server recorded while its line was cut is asked for, stored once and on record as recovered',
  { timeout: 90_000 },
  async () => {
    await using db = await aDatabase({ migrations: gatewayMigrations });
    await using server = await opcuaServer();
    await server.set('level', 1);
    await using line = await aRelay('127.0.0.1', server.port);
    const config = { endpoint: `opc.tcp://127.0.0.1:${line.port}`, publishingMs: 100 };
    const tag = { name: 'Level', area: 'Hall', source: 'plc', spike: false };
    await using plant = await aPlantAtWork(db, {
      site: { name: 'Works' },
      areas: [{ name: 'Hall' }],
      sources: [{ name: 'plc', protocol: 'opcua', config }],
      tags: [{ ...tag, address: { node: 'nsu=urn:test:plant;s=level' } }],
    });
    const stored = async (from: number) => {
      const rows = await db.query<{ value: number }>(
        'select distinct value from readings where value >= $1 order by value',
        [from],
      );
      return rows.map(({ value }) => value);
    };
    await vi.waitFor(async () => expect(await stored(1)).toEqual([1]), soon);

    await line.cut();
    await vi.waitFor(() => expect(plant.losses('plc')).toBeGreaterThan(0), soon);
    const missed = Array.from({ length: 30 }, (_, i) => 101 + i); // three times what a queue holds
    // The mark of the silence has an instant of its own, which no reading of the gap may have too.
    const marks = () => db.query('select 1 from readings where value is null');
    await vi.waitFor(async () => expect(await marks()).toHaveLength(1), soon);
    const since = Date.now();
    for (const [i, value] of missed.entries()) await server.set('level', value, { at: since + i });
    await line.restore();
    await server.set('level', 200, { at: since + missed.length });

    await vi.waitFor(async () => expect(await stored(101)).toEqual([...missed, 200]), soon);
    await vi.waitFor(async () => {
      const [loss] = await db.query<{ recovered: string }>(
        "select recovered from losses where cause = 'the gateway was not connected'",
      );
      expect(Number(loss?.recovered)).toBeGreaterThanOrEqual(20);
    }, soon);
    await vi.waitFor(() => expectAllStored(plant.ledgers(), db), soon);
  },
);
