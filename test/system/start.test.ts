import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { TagView } from '../../gateway/api/plant.ts';
import type { LastReading } from '../../gateway/api/readings.ts';
import type { Page } from '../../platform/api/page.ts';
import { aFolder } from '../support/folder.ts';
import { health, setUpCodeIn, startDaemon, until, untilUp, writeSite } from '../support/daemon.ts';
import type { Daemon } from '../support/daemon.ts';
import { aDevice, aFieldPlant } from '../support/field.ts';
import { freePort } from '../support/foreign.ts';
import { hold } from '../support/hold.ts';
import { modbusDevice } from '../support/modbus-device.ts';
import { copyNewDatabase } from '../support/new-database.ts';

const EX_CONFIG = 78;
const soon = { timeout: 60_000, interval: 100 };

/** A gateway's folder with an embedded database; `change` edits its gateway.yaml. */
async function aSite(plant: object, change: (config: Record<string, unknown>) => void = () => undefined) {
  const folder = hold(await aFolder());
  const data = join(folder.path, 'data');
  await copyNewDatabase(join(data, 'database'));
  const port = await freePort();
  const secrets = { field: 'field password' };
  const file = await writeSite(folder.path, { port, database: 'embedded', plant, secrets });
  const config = parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  change(config);
  await writeFile(file, stringify(config));
  return { file, folder: folder.path, data, port, start: () => hold(startDaemon('gateway', file, port)) };
}

/** The exit code of a daemon that gives up by itself, and what it said. */
async function gaveUp(daemon: Daemon): Promise<{ code: number | null; said: string }> {
  await expect.poll(() => daemon.process.exitCode, soon).not.toBeNull();
  return { code: daemon.process.exitCode, said: daemon.output() };
}

test('a configuration with faults names all of them with their places, and is not started again', async () => {
  const { start } = await aSite(aFieldPlant(1883), (config) => {
    config['databse'] = {};
    config['retention'] = { readingsDays: 'many' };
  });
  const { code, said } = await gaveUp(start());
  expect(code).toBe(EX_CONFIG);
  expect(said).toMatch(/gateway\.yaml has 2 fault\(s\)/);
  expect(said).toMatch(/databse: this key is not known; check its spelling and place/);
  expect(said).toMatch(/retention\.readingsDays: .*expected number.*\(found "many"\)/);
  expect(said).not.toMatch(/at .*\.ts:\d+/);
});

test('a plant model with faults names the tag and the remedy', async () => {
  const plant = aFieldPlant(1883);
  const { start } = await aSite({ ...plant, tags: [{ ...plant.tags[0], source: 'feild' }] });
  const { code, said } = await gaveUp(start());
  expect(code).toBe(EX_CONFIG);
  expect(said).toMatch(/plant\.yaml has 1 fault\(s\); nothing was imported\.\n +tags\.0\.source: .*feild/);
});

test('a port that is in use is named, with what to do', async () => {
  const first = await aSite(aFieldPlant(await freePort()));
  await untilUp(first.start());
  const { start } = await aSite(aFieldPlant(await freePort()), (config) => {
    config['web'] = { port: first.port, transport: 'node' };
  });
  const { code, said } = await gaveUp(start());
  expect(code).toBe(1);
  expect(said).toMatch(
    new RegExp(`^penstock gateway: Cannot listen on .*:${first.port} .*with web\\.port`, 'm'),
  );
  expect(said).not.toMatch(/at .*\.ts:\d+/);
});

test('a second gateway on the same data folder is refused, whatever its port and database', async () => {
  const first = await aSite(aFieldPlant(await freePort()));
  const running = first.start();
  await untilUp(running);
  for (const url of ['embedded', 'postgres://nobody@127.0.0.1:1/nowhere']) {
    const port = await freePort();
    const file = join(first.folder, 'second.yaml');
    const config = parse(await readFile(first.file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, stringify({ ...config, web: { port, transport: 'node' }, database: { url } }));
    const { code, said } = await gaveUp(hold(startDaemon('gateway', file, port)));
    expect(code).toBe(1);
    expect(said).toMatch(/^penstock gateway: The folder .*data.* is in use by process \d+\. Stop that one/m);
  }
  expect((await health(running.url)).status).not.toBe('failing');
});

test('a database that is away at start is named with its reason, and the gateway waits for it', async () => {
  const url = `postgres://nobody@127.0.0.1:${await freePort()}/nowhere`;
  const { start } = await aSite(aFieldPlant(await freePort()), (config) => (config['database'] = { url }));
  const gateway = start();
  await untilUp(gateway);
  const { status, checks } = await health(gateway.url);
  expect(status).toBe('failing');
  expect(checks['database']?.message).toMatch(/cannot be reached.*127\.0\.0\.1:\d+/);
  expect(await gateway.stop()).toBe(0);
});

interface Shop {
  readonly gateway: Daemon;
  readonly publish: (topic: string, payload: string) => Promise<unknown>;
  readonly newest: () => Promise<Map<string, LastReading>>;
  readonly faults: () => Promise<string[]>;
}

const register = (name: string, source: string, at: number) => ({
  ...{ name, source, area: 'Hall', spike: false },
  address: { register: at, type: 'uint16' },
});

/** A gateway with four sources: MQTT, a Modbus device with two registers, and two devices that are off. */
async function aShop(): Promise<Shop> {
  const device = hold(
    await modbusDevice({
      holding: new Map([
        [0, 11],
        [1, 22],
      ]),
    }),
  );
  const mqttPort = await freePort();
  const field = aFieldPlant(mqttPort);
  const modbus = (name: string, port: number) => ({
    name,
    protocol: 'modbus',
    config: { host: '127.0.0.1', port, pollMs: 200, timeoutMs: 500 },
  });
  const opcua = {
    name: 'plc-off',
    protocol: 'opcua',
    config: { endpoint: `opc.tcp://127.0.0.1:${await freePort()}`, security: 'None' },
  };
  const site = await aSite({
    ...field,
    sources: [...field.sources, modbus('meter', device.port), modbus('meter-off', await freePort()), opcua],
    tags: [
      ...field.tags,
      ...[register('first', 'meter', 0), register('second', 'meter', 1), register('beyond', 'meter', 500)],
      register('away', 'meter-off', 0),
      { name: 'node', source: 'plc-off', area: 'Hall', address: { node: 'ns=1;s=x' } },
    ],
  });
  const gateway = site.start();
  await until(
    gateway,
    () => health(gateway.url),
    ({ checks }) => (checks['sources']?.message ?? '').includes('Not connected'),
  );
  const get = await signedIn(gateway, await setUpCodeIn(site.data));
  const client = await aDevice(mqttPort, 'field password');
  onTestFinished(() => client.endAsync(true));
  return {
    gateway,
    publish: (topic, payload) => client.publishAsync(topic, payload, { qos: 1 }),
    async newest() {
      const tags = (await get<Page<TagView>>('tags')).items;
      const readings = (await get<Page<LastReading>>('readings/last')).items;
      const nameOf = new Map(tags.map(({ id, name }) => [id, name]));
      return new Map(readings.map((reading) => [nameOf.get(reading.tag) ?? '', reading]));
    },
    faults: async () =>
      (await (await fetch(`${gateway.url}/metrics`)).text())
        .split('\n')
        .filter((line) => line.startsWith('penstock_source_faults_total{')),
  };
}

/** Makes the administrator and answers how to ask in his name. */
async function signedIn({ url }: Daemon, code: string) {
  const answer = await fetch(`${url}/api/v1/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: code.trim(), name: 'Ada', password: 'analytical engine' }),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return async <Answer>(path: string): Promise<Answer> =>
    (await (await fetch(`${url}/api/v1/${path}`, { headers: { cookie } })).json()) as Answer;
}

test('devices that are off, registers that do not exist and bad payloads are named, counted, and stop nothing else', async () => {
  const { gateway, publish, newest, faults } = await aShop();
  const time = Date.now();
  await publish('t/a', JSON.stringify({ value: 1, time }));
  await publish('t/a', '{"value": 1');
  await publish('t/b', JSON.stringify({ value: '12,5;13,1', time }));
  await publish('t/c', JSON.stringify({ value: 3, time }));

  const wanted = { a: 1, c: 3, first: 11, second: 22, beyond: null };
  const values = async () =>
    Object.fromEntries([...(await newest())].map(([name, { value }]) => [name, value]));
  await expect.poll(values, soon).toMatchObject(wanted);
  const all = await newest();
  expect(all.get('first')?.quality).toBe(0);
  expect(all.get('beyond')?.quality).toBeGreaterThanOrEqual(512);
  expect(all.get('b')?.value ?? null).toBeNull();

  await expect
    .poll(faults, soon)
    .toEqual(
      expect.arrayContaining([
        expect.stringMatching(/source="field",kind="malformed.*"\} 1$/),
        expect.stringMatching(/source="field",kind="not a number"\} 1$/),
        expect.stringMatching(/source="meter",kind="refused address"\} [1-9]/),
      ]),
    );
  const { checks } = await health(gateway.url);
  expect(checks['sources']?.message).toMatch(/meter-off \(.*ECONNREFUSED.*\); plc-off \(/);
  expect(gateway.output()).toMatch(/t\/a.*/);
  expect(gateway.output()).not.toContain('analytical engine');
});
