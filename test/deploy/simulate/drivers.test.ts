import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Point } from '../../../collectors/collector.ts';
import { load, schemas } from '../../../collectors/protocols.ts';
import type { ProtocolName } from '../../../collectors/protocols.ts';
import { runPlant } from '../../../deploy/simulate/plant.ts';
import type { Ports } from '../../../deploy/simulate/plant.ts';
import { readRecords } from '../../../deploy/simulate/records.ts';
import { rowAt } from '../../../deploy/simulate/schedule.ts';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { withSecrets } from '../../../gateway/plant/secrets.ts';
import type { Raw, TagId } from '../../../history/reading.ts';
import { collect } from '../../support/collecting.ts';
import type { Run } from '../../support/collecting.ts';
import { FIELD } from '../../support/simulate.ts';

// What the gateway does with demo-plant.yaml: its own drivers, the file's own addresses; only the ports are other ones.
const file = new URL('../../../deploy/examples/demo-plant.yaml', import.meta.url);
const plant = PlantModel.parse(parse(readFileSync(file, 'utf8')));
const records = await readRecords();

let folder: string;
let ports: Ports & { readonly mqtt: number };
let ended: Promise<void>;
const stop = new AbortController();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-drivers-'));
  const mqtt = await freePort();
  const options = {
    host: '127.0.0.1',
    opcuaPort: 0,
    modbusPort: 0,
    opcua: { user: 'penstock', password: FIELD.password },
    broker: { url: `mqtt://127.0.0.1:${mqtt}`, ...FIELD },
    data: join(folder, 'plant'),
    backlogHours: 0.1,
    backlogStepS: 10,
  };
  const listening = await new Promise<Ports>((resolve, reject) => {
    ended = runPlant(options, () => undefined, stop.signal, resolve);
    ended.catch(reject);
  });
  ports = { ...listening, mqtt };
});
afterAll(async () => {
  stop.abort();
  await ended;
  rmSync(folder, { recursive: true });
});

test.each(['opcua', 'modbus', 'mqtt'] as const)(
  'the %s driver collects every tag of the demo plant, and finds no fault',
  async (protocol) => {
    await using source = await start(protocol);
    const seen = () => new Set(source.run.readings().map(({ tag }) => tag)).size;
    await expect.poll(seen, { timeout: 20_000 }).toBe(source.tags.length);
    if (protocol === 'mqtt')
      await expect.poll(() => hoursBack(source.run), { timeout: 20_000 }).toBeGreaterThan(0.09);

    expect(source.run.readings().filter((raw) => !isOfTheProcess(raw))).toEqual([]);
    expect(source.run.faults).toEqual([]);
  },
);

/** How old the oldest reading was: the plant hands over a tenth of an hour. */
const hoursBack = (run: Run) => (Date.now() - Math.min(...run.readings().map(({ at }) => at))) / 3_600_000;

/** Whether a reading, scaled as the gateway does, is the record of its second or, just polled, of the one before. */
function isOfTheProcess({ tag, at, value, status }: Raw): boolean {
  const { scale } = plant.tags[tag]!;
  const scaled = Number(value) * (scale?.factor ?? 1);
  const step = scale === undefined ? Math.abs(scaled) * 1e-6 : scale.factor / 2;
  const errors = [at, at - 1000].map((time) => Math.abs((rowAt(records, time)[tag] ?? scaled) - scaled)); // no record has set-points
  return status === 'good' && Math.min(...errors) <= step + 1e-9;
}

async function start(protocol: ProtocolName) {
  const source = plant.sources.find((candidate) => candidate.protocol === protocol)!;
  const tags = plant.tags.flatMap((tag, id) =>
    tag.source === source.name ? [{ ...tag, id: id as TagId }] : [],
  );
  const points = tags.map(({ id, name, address, kind }): Point<unknown> => ({
    tag: id,
    name,
    address: schemas[protocol].address.parse(address),
    kind,
  }));
  const config = schemas[protocol].config.parse(
    withSecrets({ protocol, config: atPort(source.config, protocol) }, () => FIELD.password),
  );
  const run = collect(await load(protocol), { config, points, pkiFolder: join(folder, 'gateway-pki') });
  const stopped = async () => {
    await run.stop();
  };
  return { run, tags, [Symbol.asyncDispose]: stopped };
}

/** The source's configuration with this run's port in the place of the demo's. */
function atPort(config: unknown, protocol: ProtocolName): unknown {
  const demo = { opcua: '4840', modbus: '5020', mqtt: '1883' };
  if (!(protocol in demo)) throw new Error(`The demo has no source of ${protocol}.`);
  const name = protocol as keyof typeof demo;
  return JSON.parse(JSON.stringify(config).replace(demo[name], String(ports[name])));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
