import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import {
  AttributeIds,
  DataType,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  StatusCodes,
  TimestampsToReturn,
  UserTokenType,
} from 'node-opcua-client';
import type { ClientSession, UserIdentityInfo } from 'node-opcua-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { serveOpcua } from '../../../deploy/simulate/opcua.ts';
import type { OpcuaServer } from '../../../deploy/simulate/opcua.ts';
import { replay } from '../../../deploy/simulate/process.ts';
import { readRecords } from '../../../deploy/simulate/records.ts';
import type { Records } from '../../../deploy/simulate/records.ts';
import { rowAt } from '../../../deploy/simulate/schedule.ts';
import { seconds } from '../../../deploy/simulate/seconds.ts';
import { servedBy, variables } from '../../../deploy/simulate/variables.ts';
import type { Raw } from '../../../history/reading.ts';
import { aPoint, collect } from '../../support/collecting.ts';

const OPERATOR = { type: UserTokenType.UserName, userName: 'penstock', password: 'opcua-password' } as const;

let folder: string;
let records: Records;
let server: OpcuaServer;
let ticking: Promise<void>;
const stop = new AbortController();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-opcua-'));
  records = await readRecords();
  server = await serveOpcua(replay(records), {
    host: '127.0.0.1',
    port: 0,
    user: OPERATOR.userName,
    password: OPERATOR.password,
    folder: join(folder, 'plant'),
  });
  ticking = (async () => {
    for await (const at of seconds(stop.signal)) server.show(at);
  })();
});
afterAll(async () => {
  stop.abort();
  await ticking;
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const names = servedBy('opcua').flatMap(({ name }) => (name.startsWith('X') ? name : []));

/** What the process measured in the second of `at`. */
const measured = (name: string, at: number): number =>
  rowAt(records, at)[variables.findIndex((variable) => variable.name === name)]!;

async function withOpcua<T>(
  use: (session: ClientSession) => Promise<T>,
  user: UserIdentityInfo = OPERATOR,
  secure = false,
): Promise<T> {
  const certificates = new OPCUACertificateManager({
    rootFolder: join(folder, 'client-pki'),
    automaticallyAcceptUnknownCertificate: true,
  });
  await certificates.initialize();
  const client = OPCUAClient.create({
    securityPolicy: secure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None,
    securityMode: secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None,
    clientCertificateManager: certificates,
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0 },
  });
  try {
    return await client.withSessionAsync(
      { endpointUrl: `opc.tcp://127.0.0.1:${server.port}`, userIdentity: user },
      use,
    );
  } finally {
    await client.disconnect();
  }
}

/** Node ids as the server numbers them today. */
async function nodeId(session: ClientSession, name: string): Promise<string> {
  const namespaces = await session.readNamespaceArray();
  return `ns=${namespaces.indexOf('urn:penstock:demo')};s=${name}`;
}

test('each variable of the OPC UA device is found by browsing', async () => {
  const found = await withOpcua(async (session) => {
    const plant = await session.browse(await nodeId(session, 'TennesseeEastman'));
    const areas = await Promise.all(
      plant.references!.map(({ nodeId: area }) => session.browse(area.toString())),
    );
    return areas.flatMap(({ references }) => references!.map(({ browseName }) => browseName.name));
  });
  expect(found).toEqual(expect.arrayContaining(names));
});

test('OPC UA serves the record of the second that its source time names', async () => {
  await withOpcua(async (session) => {
    const nodes = await Promise.all(
      names.map(async (name) => ({ nodeId: await nodeId(session, name), attributeId: AttributeIds.Value })),
    );
    const values = await session.read(nodes);
    for (const [i, value] of values.entries()) {
      expect(value.value.value).toBe(measured(names[i]!, value.sourceTimestamp!.getTime()));
    }
    expect(Date.now() - values[0]!.sourceTimestamp!.getTime()).toBeLessThan(5000);
  });
});

test('an OPC UA subscription gets each second once', async () => {
  await withOpcua(async (session) => {
    const subscription = await session.createSubscription2({
      requestedPublishingInterval: 250,
      requestedLifetimeCount: 1000,
      requestedMaxKeepAliveCount: 10,
      publishingEnabled: true,
    });
    const seen: number[] = [];
    const item = await subscription.monitor(
      { nodeId: await nodeId(session, 'XMEAS_07'), attributeId: AttributeIds.Value },
      { samplingInterval: 0, queueSize: 10 },
      TimestampsToReturn.Both,
    );
    item.on('changed', ({ sourceTimestamp }) => seen.push(sourceTimestamp!.getTime()));
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(4);
    const [first = 0] = seen;
    const changing = seen.filter(
      (at, i) => i === 0 || measured('XMEAS_07', at) !== measured('XMEAS_07', at - 1000),
    );
    expect(seen).toEqual(changing);
    expect(new Set(seen).size).toBe(seen.length);
    expect(first % 1000).toBe(0);
    await subscription.terminate();
  });
});

test('an OPC UA variable tells its unit and its range', async () => {
  await withOpcua(async (session) => {
    const { references } = await session.browse(await nodeId(session, 'XMEAS_07'));
    const property = (name: string) => references!.find(({ browseName }) => browseName.name === name)!.nodeId;
    const [range, unit] = await session.read([
      { nodeId: property('EURange'), attributeId: AttributeIds.Value },
      { nodeId: property('EngineeringUnits'), attributeId: AttributeIds.Value },
    ]);
    expect(range!.value.value).toMatchObject({ low: 0, high: 3000 });
    expect(unit!.value.value).toMatchObject({ unitId: 0x4b5041, displayName: { text: 'kPa' } }); // "KPA"
  });
});

test('OPC UA is also served signed and encrypted', async () => {
  const value = await withOpcua(
    async (session) =>
      session.read({ nodeId: await nodeId(session, 'XMEAS_09'), attributeId: AttributeIds.Value }),
    OPERATOR,
    true,
  );
  expect(value.value.value).toBe(measured('XMEAS_09', value.sourceTimestamp!.getTime()));
});

test('OPC UA refuses a wrong password and anyone without a name', async () => {
  const nothing = (session: ClientSession) => Promise.resolve(session.sessionId);
  await expect(withOpcua(nothing, { ...OPERATOR, password: 'wrong' })).rejects.toThrow(/BadUserAccessDenied/);
  await expect(withOpcua(nothing, { type: UserTokenType.Anonymous })).rejects.toThrow(
    /BadIdentityToken|anonymous/i,
  );
});

test('a set-point written over OPC UA is read back; out of range or not writable, it is refused', async () => {
  const write = (name: string, value: number) =>
    withOpcua(async (session) => {
      const node = { nodeId: await nodeId(session, name), attributeId: AttributeIds.Value };
      const status = await session.write({ ...node, value: { value: { dataType: DataType.Double, value } } });
      return { status, now: (await session.read(node)).value.value as number };
    });
  expect(await write('SP_07', 2650)).toEqual({ status: StatusCodes.Good, now: 2650 });
  expect(await write('SP_07', 9999)).toEqual({ status: StatusCodes.BadOutOfRange, now: 2650 });
  expect(await write('SP_07', NaN)).toEqual({ status: StatusCodes.BadOutOfRange, now: 2650 });
  expect((await write('XMEAS_07', 1)).status).not.toEqual(StatusCodes.Good);
});

test('what the gateway missed in an outage it reads from the memory of the OPC UA device, second by second', async () => {
  const missed = ['XMEAS_07', 'XMEAS_09'];
  const config = OpcuaConfig.parse({
    ...{ endpoint: `opc.tcp://127.0.0.1:${server.port}`, user: OPERATOR.userName },
    ...{ password: OPERATOR.password, security: 'Basic256Sha256', trustServer: true },
  });
  const points = [...missed, 'SP_07'].map((name, i) =>
    aPoint(i, OpcuaAddress.parse({ node: `nsu=urn:penstock:demo;s=${name}` })),
  );
  const pkiFolder = join(folder, 'reader');
  const run = collect(opcua, { config, points, pkiFolder, dataFolder: pkiFolder });
  await vi.waitFor(() => expect(run.readings().length).toBeGreaterThan(2), { timeout: 20_000 });
  const seen: Raw[] = [];
  const emit = (batch: readonly Raw[]) => {
    seen.push(...batch);
    return Promise.resolve();
  };
  const to = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  const from = to - 20 * 60_000;
  const { readings } = await run.collector.readHistory!({ from, to }, emit, new AbortController().signal);
  await run.stop();

  const seconds = Array.from({ length: (to - from) / 1000 + 1 }, (_, i) => from + i * 1000);
  for (const [tag, name] of missed.entries()) {
    const own = seen.filter((raw) => raw.tag === tag).sort((a, b) => a.at - b.at);
    expect(own.map(({ at, value }) => [at, value])).toEqual(seconds.map((at) => [at, measured(name, at)]));
  }
  expect(readings).toBe(seen.length);
  expect(seen.find(({ tag }) => tag === 0)!.at).toBeGreaterThan(to - 16 * 60_000); // the newest stretch first
  expect(run.faults).toEqual([]); // that nobody knows what a set-point was is no fault
});
