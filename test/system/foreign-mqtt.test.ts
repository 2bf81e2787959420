import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MqttAddress, MqttConfig } from '../../collectors/mqtt/config.ts';
import { mqtt } from '../../collectors/mqtt/mqtt.ts';
import { aPoint, collect } from '../support/collecting.ts';
import { freePort, program, server } from '../support/foreign.ts';

const USER = { name: 'device', password: 'secret-enough' };
const CREDENTIALS = ['-u', USER.name, '-P', USER.password];
const flow = aPoint(1, MqttAddress.parse({ topic: 'plant/flow' }));

function source(config: unknown, hold?: () => Promise<void>) {
  const run = collect(mqtt, { config: MqttConfig.parse(config), points: [flow], pkiFolder: '' }, hold);
  onTestFinished(async () => {
    await run.stop();
  });
  return run;
}

async function ourBroker(hold?: () => Promise<void>) {
  const port = await freePort();
  const run = source({ broker: { port, users: [USER] } }, hold);
  await vi.waitUntil(() => run.lines.some(({ msg }) => msg === 'Listening for MQTT devices.'));
  return { ...run, port };
}

const publish = (port: number, ...more: string[]) =>
  program('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(port), '-t', 'plant/flow', ...more]);

test.each(['1', '2'])(
  'mosquitto_pub at QoS %s is answered when the reading is safe, not before',
  async (qos) => {
    let settle: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (settle = resolve));
    const { port, of } = await ourBroker(() => held);
    onTestFinished(() => settle());
    const device = publish(port, '-q', qos, '-m', '12.5', ...CREDENTIALS);
    let answered = false;
    void device.ended.then(() => (answered = true));
    await vi.waitFor(() => expect(of(1)).toHaveLength(1), 10_000);
    const bystander = publish(port, '-q', '0', '-m', '13', ...CREDENTIALS);
    expect(await bystander.ended).toMatchObject({ code: 0 });
    expect(answered).toBe(false);
    settle();
    expect(await device.ended).toMatchObject({ code: 0 });
  },
);

test('mosquitto_pub is told why it is refused', async () => {
  const { port, readings } = await ourBroker();
  const wrong = await publish(port, '-m', '1', '-u', 'device', '-P', 'guess').ended;
  expect(wrong.said).toMatch(/bad user name or password/i);
  const five = await publish(port, '-m', '1', '-V', '5', ...CREDENTIALS).ended;
  expect(five.said).toMatch(/unsupported protocol version/i);
  expect(readings()).toEqual([]);
});

async function mosquitto(port: number, folder: string) {
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(
    file,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location ${folder}/\nautosave_interval 1\nuser root\n`,
  );
  return server(port, 'mosquitto', ['-c', file]);
}

test.each([4, 5])(
  'what mosquitto holds for us arrives after we were away (MQTT version %i of the library)',
  async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-mosquitto-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const port = await freePort();
    const broker = await mosquitto(port, folder);
    const config = {
      client: { url: `mqtt://127.0.0.1:${port}`, clientId: 'gateway', version, keepAliveS: 1 },
    };
    const first = source(config);
    await vi.waitUntil(() => first.lines.some(({ msg }) => msg === 'Subscribed at the MQTT broker.'));
    await publish(port, '-q', '1', '-m', '1').ended;
    await vi.waitFor(() => expect(first.of(1).map(({ value }) => value)).toEqual([1]), 10_000);
    await first.stop();

    for (const payload of ['2', '3'])
      expect(await publish(port, '-q', '1', '-m', payload).ended).toMatchObject({ code: 0 });
    const second = source(config);
    await vi.waitFor(() => expect(second.of(1).map(({ value }) => value)).toEqual([2, 3]), 10_000);

    broker.signal('SIGSTOP');
    expect(await second.ended).toBeInstanceOf(Error);
  },
);
