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
import { scratchFolder } from '../../support/opcua-server.ts';
import { aPlantAtWork, expectAllStored } from '../../support/plant-at-work.ts';

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

    await first[Symbol.asyncDispose]();
    const before = plant.losses('plc');
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
