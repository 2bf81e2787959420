import net from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { aPoint, aReport } from '../../support/collecting.ts';
import { opcuaPlant } from '../../support/opcua-plant.ts';
import type { OpcuaPlant } from '../../support/opcua-plant.ts';
import { scratchFolder } from '../../support/opcua-server.ts';

let plant: OpcuaPlant;
let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  [plant, pki] = await Promise.all([opcuaPlant(), scratchFolder()]);
});
afterAll(async () => {
  await plant[Symbol.asyncDispose]();
  await pki[Symbol.asyncDispose]();
});

const signal = new AbortController().signal;
const configured = (more: object) => OpcuaConfig.parse({ endpoint: plant.endpoint, ...more });
const trying = (more: object, points: readonly ReturnType<typeof point>[] = [], folder = pki.path) =>
  opcua.open({ config: configured(more), points, pkiFolder: folder, dataFolder: folder }, aReport().report)
    .test!(signal);
const point = (tag: number, node: string) => aPoint(tag, OpcuaAddress.parse({ node }), 'text' as const);

test('a dry run says step by step what it found, to the values of the tags', async () => {
  const steps = await trying({ security: 'best', trustServer: true, user: 'gateway', password: 'secret' }, [
    point(1, 'nsu=urn:test:plant;s=pump.Speed'),
    point(2, 'nsu=urn:test:plant;s=pump.Mode'),
  ]);
  expect(steps.map(({ ok }) => ok)).toEqual([true, true, true, true, true, true]);
  expect(steps.map(({ detail }) => detail)).toEqual([
    expect.stringContaining('127.0.0.1 accepts connections'),
    expect.stringContaining('Basic256Sha256 with Sign'),
    'Aes256_Sha256_RsaPss with SignAndEncrypt.',
    expect.stringContaining('thumbprint'),
    'As gateway.',
    'tag-1 = 1480 (Double, Good); tag-2 = 1 (Int32, Good).',
  ]);
  expect(plant.server.engine.currentSessionCount).toBe(0);
});

const lastOf = async (more: object, points: readonly ReturnType<typeof point>[] = [], folder = pki.path) => {
  const steps = await trying(more, points, folder);
  expect(steps.slice(0, -1).every(({ ok }) => ok)).toBe(true);
  return steps.at(-1)!;
};

test('a dry run ends at the step that fails, with what a person can do', async () => {
  await using empty = await scratchFolder();
  expect(await lastOf({ security: 'best' }, [], empty.path)).toMatchObject({
    what: "Check the server's certificate",
    ok: false,
    detail: expect.stringContaining('thumbprint') as string,
    remedy: expect.stringContaining('trust it') as string,
  });
  expect(await lastOf({ user: 'gateway', password: 'guess' })).toMatchObject({
    what: 'Open a session',
    remedy: expect.stringContaining('Check user and password') as string,
  });
  expect(await lastOf({}, [point(1, 'nsu=urn:test:plant;s=gone')])).toMatchObject({
    what: 'Read a sample of the tags',
    detail: expect.stringContaining('tag-1 = BadNodeIdUnknown') as string,
    remedy: expect.stringContaining('Check their node ids') as string,
  });
  expect(await lastOf({ endpoint: 'opc.tcp://nowhere.invalid:4840' })).toMatchObject({
    remedy: expect.stringContaining('host name is not known') as string,
  });
});

test('a dry run against a port that accepts and says nothing ends within ten seconds', async () => {
  const mute = net.createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => mute.once('listening', resolve));
  const sockets = new Set<net.Socket>();
  mute.on('connection', (socket) => sockets.add(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
  const { port } = mute.address() as net.AddressInfo;
  const started = Date.now();
  expect(await lastOf({ endpoint: `opc.tcp://127.0.0.1:${port}` })).toMatchObject({
    what: 'Ask for its endpoints',
    remedy: expect.stringContaining('Nothing answers there in time') as string,
  });
  expect(Date.now() - started).toBeLessThan(10_000);
});
