import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { beforeAll, expect, test } from 'vitest';
import { readRecords } from '../../deploy/simulate/records.ts';
import { registerMap } from '../../deploy/simulate/registers.ts';
import { LAP_S, faultAt, rowAt } from '../../deploy/simulate/schedule.ts';
import { setPoints, variables } from '../../deploy/simulate/variables.ts';
import { createJudge } from '../../gateway/alarms/judge.ts';
import type { AlarmRule } from '../../gateway/alarms/rule.ts';
import { cleaning } from '../../gateway/cleaning/clean.ts';
import { GatewayConfig } from '../../gateway/config.ts';
import { PlantModel } from '../../gateway/plant/model.ts';
import type { TagEntry } from '../../gateway/plant/model.ts';
import { protocols } from '../../gateway/plant/protocols.ts';
import { reasonOf } from '../../history/reading.ts';
import type { Raw, TagId } from '../../history/reading.ts';
import { loadConfig } from '../../platform/config.ts';
import { CentralConfig } from '../../sync/central/config.ts';

const example = (name: string) =>
  fileURLToPath(new URL(`../../deploy/examples/${name}.yaml`, import.meta.url));

let plant: PlantModel;
beforeAll(() => {
  plant = PlantModel.parse(parse(readFileSync(example('demo-plant'), 'utf8')));
});

test('a gateway starts with gateway.yaml, on a database server', () => {
  const config = loadConfig(GatewayConfig, example('gateway'), {});
  expect(config).toMatchObject({ mode: 'production', centre: { token: { secret: 'site-enrolment' } } });
  expect(config.database.url).toMatch(/^postgres:/);
});

test('a central node starts with central.yaml, on a database server', () => {
  const config = loadConfig(CentralConfig, example('central'), {});
  expect(config.mode).toBe('production');
  expect(config.database.url).toMatch(/^postgres:/);
});

test('the demo runs on this machine alone, with embedded databases', () => {
  const gateway = loadConfig(GatewayConfig, example('demo-gateway'), {});
  const central = loadConfig(CentralConfig, example('demo-central'), {});
  for (const { web, database, mode } of [gateway, central]) {
    expect({ host: web.host, url: database.url, mode }).toEqual({
      host: '127.0.0.1',
      url: 'embedded',
      mode: 'evaluation',
    });
  }
  expect(gateway.centre?.url).toBe(`http://127.0.0.1:${central.web.port}`);
  expect(gateway.plant).toBe('deploy/examples/demo-plant.yaml');
  expect(central.enrolment).toEqual([{ site: plant.site.name, token: gateway.centre?.token }]);
});

test('the examples of sources are a plant model, and have one of each protocol', () => {
  const examples = PlantModel.parse(parse(readFileSync(example('sources'), 'utf8')));
  const used = new Set(examples.sources.map(({ protocol }) => protocol));
  expect([...used].sort()).toEqual(Object.keys(protocols).sort());
  const sources = new Set(examples.tags.map(({ source }) => source));
  expect([...sources].sort()).toEqual(examples.sources.map(({ name }) => name).sort());
});

test('the demo plant has a tag for each variable and set-point, in its unit and range', () => {
  const facts = ({
    name,
    unit,
    decimals,
    range,
    area,
  }: Pick<TagEntry, 'name' | 'unit' | 'decimals' | 'range' | 'area'>) => ({
    name,
    unit,
    decimals,
    range: [...range!],
    area,
  });
  const ofDevices = plant.tags.filter(({ source }) => source !== 'computed');
  expect(ofDevices.map(facts)).toEqual(
    [...variables, ...setPoints].map((variable) => facts({ ...variable, range: [...variable.range] })),
  );
});

test('each tag reads the address at which the plant serves it', () => {
  for (const { name, device, area } of [...variables, ...setPoints]) {
    const tag = plant.tags.find((candidate) => candidate.name === name)!;
    expect({ source: tag.source, address: tag.address, scale: tag.scale?.factor }).toMatchObject(
      device === 'opcua'
        ? { source: 'reactor-plc', address: { node: `nsu=urn:penstock:demo;s=${name}` } }
        : device === 'mqtt'
          ? { source: 'field-gateway', address: { topic: `plant/te/${area.toLowerCase()}/${name}` } }
          : { source: 'separator-plc', ...inRegisters(name) },
    );
  }
});

test('some set-points can be written, one tag is thinned, one is computed: a newcomer sees each', () => {
  const writable = plant.tags.filter(({ write }) => write !== undefined);
  expect(writable.map(({ name }) => name)).toEqual(['SP_07', 'SP_09', 'SP_12']);
  for (const { name, write } of writable) {
    const { range, initial } = setPoints.find((point) => point.name === name)!;
    expect([
      range[0] <= write!.range[0],
      initial > write!.range[0],
      initial < write!.range[1],
      write!.range[1] <= range[1],
    ]).toEqual([true, true, true, true]);
  }
  expect(plant.tags.filter(({ thin }) => thin !== undefined)).toHaveLength(1);
  expect(plant.tags.filter(({ source }) => source === 'computed')).toMatchObject([
    { address: { expression: 'XMEAS_07 - SP_07' } },
  ]);
});

test('eight tags are forecast, one season being a lap of the process', () => {
  const settings = plant.tags.flatMap(({ forecast }) => forecast ?? []);
  expect(settings).toHaveLength(8);
  for (const { stepMs, season } of settings) expect((stepMs / 1000) * season).toBe(LAP_S);
});

test('every alarm says what follows from it and what to do', () => {
  const rules = plant.tags.flatMap(({ alarms }) => alarms);
  expect(new Set(plant.tags.filter(({ alarms }) => alarms.length > 0)).size).toBeGreaterThanOrEqual(12);
  for (const { consequence, action } of rules)
    expect(Math.min(consequence.length, action.length)).toBeGreaterThan(30);
});

test('normal operation raises no alarm and no doubt, and each disturbance raises alarms', async () => {
  const { alarms, doubts } = await cycleOfLaps();
  expect([...alarms, ...doubts].filter(({ at }) => disturbanceAround(at) === undefined)).toEqual([]);
  const disturbances = new Set(alarms.map(({ at }) => disturbanceAround(at)));
  expect([...disturbances].sort()).toEqual(['d01', 'd02', 'd04', 'd05']);
});

test('normal operation stays within the normal bands', async () => {
  const records = await readRecords();
  const seconds = Array.from({ length: LAP_S }, (_, second) => rowAt(records, second * 1000));
  const outside = plant.tags.slice(0, 52).filter(({ normal }, i) => {
    const [low, high] = normal!;
    return seconds.some((values) => values[i]! < low || values[i]! > high);
  });
  expect(outside.map(({ name }) => name)).toEqual([]);
});

function inRegisters(name: string) {
  const { register, format, words, factor } = registerMap.find((candidate) => candidate.name === name)!;
  return {
    address: { unit: 1, register, type: format, ...(words === 'little' && { words }) },
    scale: factor === 1 ? undefined : factor,
  };
}

/** A disturbance fades in over 20 s and out over 60 s. */
const disturbanceAround = (at: number) => faultAt(at) ?? faultAt(at - 60_000) ?? faultAt(at + 20_000);

/** Takes twelve laps of the plant through the gateway's own cleaning and judging. */
async function cycleOfLaps() {
  const records = await readRecords();
  const tags = plant.tags.slice(0, 52).map((entry, i) => ({
    ...entry,
    id: i as TagId,
    source: 1,
    scale: null,
    range: entry.range ?? null,
    normal: null,
    stuckMs: entry.stuckMs ?? null,
    forecast: null,
    ...{ clamp: null, thin: null, write: null },
  }));
  const rules = tags.flatMap(({ id, alarms }) =>
    alarms.map((rule): AlarmRule => ({ ...rule, id: 0, tag: id })),
  );
  const clean = cleaning(new Map(tags.map((tag) => [tag.id, tag])));
  const judge = createJudge(
    rules.map((rule, id) => ({ ...rule, id })),
    [],
    () => 'an alarm',
  );
  const alarms: { at: number; tag: string }[] = [];
  const doubts: { at: number; tag: string; reason: string }[] = [];
  for (let at = 0; at < 12 * LAP_S * 1000; at += 1000) {
    const raw = rowAt(records, at).map((value, i): Raw => ({ tag: i as TagId, at, value, status: 'good' }));
    const readings = clean(raw);
    for (const { tag, quality } of readings) {
      if (quality !== 0) doubts.push({ at, tag: tags[tag]!.name, reason: reasonOf(quality) });
    }
    for (const { tag, event } of judge.judge(readings, at))
      if (event.startsWith('raised')) alarms.push({ at, tag: tags[tag]!.name });
  }
  return { alarms, doubts };
}
