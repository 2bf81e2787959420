import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { expect, test, vi } from 'vitest';
import { MqttConfig } from '../../../collectors/mqtt/config.ts';
import { mqtt } from '../../../collectors/mqtt/mqtt.ts';
import { collect } from '../../support/collecting.ts';
import { broker, device, event, USER } from '../../support/mqtt.ts';

const file = (name: string) => fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url));
const TLS = { port: 0, certFile: file('cert.pem'), keyFile: file('key.pem') };
const CA = readFileSync(TLS.certFile);
// The certificate in the test folder says 'localhost' or the like; its chain is what is tested here.
const trusting = { ca: CA, checkServerIdentity: () => undefined };

test('devices publish over TLS, and over WebSockets with and without it', async () => {
  const { ports, of } = await broker({ port: null, tls: TLS, webSocket: { port: 0, tls: true } });
  expect(ports['mqtt']).toBeUndefined();
  const secure = await device(`mqtts://127.0.0.1:${ports['mqtts']!}`, trusting);
  await secure.publishAsync('plant/flow', '1', { qos: 1 });
  const web = await device(`wss://127.0.0.1:${ports['wss']!}/mqtt`, { wsOptions: trusting as object });
  await web.publishAsync('plant/flow', '2', { qos: 1 });
  const plain = await broker({ webSocket: { port: 0 } });
  await (
    await device(`ws://127.0.0.1:${plain.ports['ws']!}/mqtt`)
  ).publishAsync('plant/flow', '3', { qos: 1 });
  expect([...of(1), ...plain.of(1)].map(({ value }) => value)).toEqual([1, 2, 3]);
});

test('a device without a certificate is refused where one is due, and counted', async () => {
  const { ports, faults } = await broker({ port: null, tls: { ...TLS, clientCaFile: TLS.certFile } });
  const url = `mqtts://127.0.0.1:${ports['mqtts']!}`;
  const stranger = { ...trusting, username: USER.name, password: USER.password, reconnectPeriod: 0 };
  await expect(connectAsync(url, stranger, false)).rejects.toThrow();
  await vi.waitFor(() => expect(faults[0]).toMatchObject({ kind: 'refused client' }), 5_000);
  const own = { ...trusting, cert: CA, key: readFileSync(TLS.keyFile) };
  await device(url, own);
});

test('a certificate that is not there is said with what to do, and no port is taken', async () => {
  const config = MqttConfig.parse({
    broker: { port: 0, users: [USER], tls: { ...TLS, certFile: '/nowhere/cert.pem' } },
  });
  const { ended } = collect(mqtt, { config, points: [], pkiFolder: '' });
  expect(await ended).toMatchObject({
    message: expect.stringMatching(/\/nowhere\/cert\.pem.*ENOENT.*Put the file there/) as string,
  });
});

test('too large a frame ends a WebSocket', async () => {
  const { ports, readings } = await broker({ webSocket: { port: 0 }, maxPacketBytes: 2048 });
  const client = await device(`ws://127.0.0.1:${ports['ws']!}/mqtt`);
  const gone = event(client, 'close');
  client.publish('plant/flow', '1'.repeat(5000), { qos: 1 }, () => undefined);
  await gone;
  expect(readings()).toEqual([]);
});
