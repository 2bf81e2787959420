import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { MqttAddress, MqttConfig } from '../../../collectors/mqtt/config.ts';
import { mqtt } from '../../../collectors/mqtt/mqtt.ts';
import { aPoint, aReport } from '../../support/collecting.ts';
import { freePort } from '../../support/foreign.ts';
import { broker, device, flow, USER } from '../../support/mqtt.ts';

const file = (name: string) => fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url));
const TLS = { port: 0, certFile: file('cert.pem'), keyFile: file('key.pem') };

async function tried(config: object, points = [flow]) {
  const plan = { config: MqttConfig.parse(config), points, pkiFolder: '' };
  const steps = await mqtt.open(plan, aReport().report).test!(AbortSignal.timeout(20_000));
  return {
    steps,
    last: steps.at(-1)!,
    names: steps.map(({ what, ok }) => `${what} ${ok ? 'ok' : 'failed'}`),
  };
}

const client = (url: string, more = {}) => ({
  client: { url, clientId: 'gateway', user: USER.name, password: USER.password, ...more },
});

test('a broker that works is tried to the last step, and heard', async () => {
  const { port } = await broker();
  await (await device(port)).publishAsync('plant/flow', '1', { qos: 1, retain: true });
  const { names, last } = await tried(client(`mqtt://127.0.0.1:${port}`));
  expect(names).toEqual(['TCP ok', 'CONNECT ok', 'SUBSCRIBE ok']);
  expect(last.detail).toContain('1 messages on 1 topics');
});

test('a port where nobody listens, a wrong password, a subscription without the right: each has its remedy', async () => {
  expect((await tried(client(`mqtt://127.0.0.1:${await freePort()}`))).last).toMatchObject({
    ...{ what: 'TCP', ok: false, remedy: expect.stringContaining('Nothing listens') as string },
  });
  const { port } = await broker({ users: [{ ...USER, subscribe: ['other/#'] }] });
  expect((await tried(client(`mqtt://127.0.0.1:${port}`, { password: 'wrong' }))).last).toMatchObject({
    ...{ what: 'CONNECT', ok: false, remedy: expect.stringContaining('user and password') as string },
  });
  expect((await tried(client(`mqtt://127.0.0.1:${port}`))).last).toMatchObject({
    ...{ what: 'SUBSCRIBE', ok: false, detail: expect.stringContaining('plant/flow') as string },
  });
});

test('a certificate nobody vouches for is told by the TLS step, and with its authority all is well', async () => {
  const { ports } = await broker({ port: null, tls: TLS });
  const url = `mqtts://127.0.0.1:${ports['mqtts']!}`;
  const unknown = await tried(client(url));
  expect(unknown.names).toEqual(['TCP ok', 'TLS failed']);
  expect(unknown.last.remedy).toContain('caFile');
  const known = await tried(client(url, { tls: { caFile: TLS.certFile } }));
  expect(known.names).toEqual(['TCP ok', 'TLS ok', 'CONNECT ok', 'SUBSCRIBE ok']);
});

test('a server that never answers is told within seconds', async () => {
  const mute = createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  onTestFinished(() => void mute.close());
  const { port } = mute.address() as AddressInfo;
  expect((await tried(client(`mqtt://127.0.0.1:${port}`))).last).toMatchObject({
    what: 'CONNECT',
    ok: false,
  });
});

test('our own broker: the port is free, held by itself, or by another program', async () => {
  const { port } = await broker();
  const config = (at: number, more = {}) => ({ broker: { port: at, users: [USER], ...more } });
  expect((await tried(config(0))).names).toEqual(['Port 0 ok']);
  expect((await tried(config(port))).last.detail).toContain('this source');
  const other = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  expect((await tried(config((other.address() as AddressInfo).port))).last).toMatchObject({
    ...{ ok: false, remedy: expect.stringContaining('another port') as string },
  });
  const swapped = { ...TLS, certFile: TLS.keyFile };
  expect((await tried(config(0, { tls: swapped }))).names).toEqual(['Certificate failed']);
});

test('an address is tried as it will be subscribed to', async () => {
  const { port } = await broker();
  const points = [aPoint(1, MqttAddress.parse({ topic: 'gw/+/flow' }))];
  expect((await tried(client(`mqtt://127.0.0.1:${port}`), points)).last.ok).toBe(true);
});
