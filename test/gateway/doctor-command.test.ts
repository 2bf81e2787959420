import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { examine } from '../../gateway/doctor-command.ts';
import { writeLastKnown } from '../../gateway/plant/last-known.ts';
import type { Finding } from '../../platform/doctor/finding.ts';
import { lockFolder } from '../../platform/folder.ts';
import { aFolder } from '../support/folder.ts';

const stateOf = (findings: readonly Finding[], check: string) =>
  findings.find((finding) => finding.check === check)?.state;

async function aConfig(folder: string, over: object = {}): Promise<string> {
  const file = join(folder, 'gateway.yaml');
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  const web = { host: '127.0.0.1', port: 0 };
  await writeFile(file, stringify({ mode: 'evaluation', data, web, database: { url: 'embedded' }, ...over }));
  return file;
}

test('a configuration with faults is a fault that lists them', async () => {
  await using place = await aFolder();
  const findings = await examine({ config: await aConfig(place.path, { webb: 1 }) });
  expect(findings[0]).toMatchObject({ check: 'configuration', state: 'fault' });
  expect(findings[0]?.message).toContain('webb');
});

test('a machine before its first start is told what is well and what is not yet', async () => {
  await using place = await aFolder();
  const findings = await examine({ config: await aConfig(place.path) });
  expect(stateOf(findings, 'configuration')).toBe('ok');
  expect(stateOf(findings, 'data folder')).toBe('ok');
  expect(findings.find(({ check }) => check === 'database')?.message).toContain('made at the first start');
  expect(stateOf(findings, 'backups')).toBe('warning');
  for (const { state, remedy } of findings) expect(remedy === undefined).toBe(state === 'ok');
});

test('a server that does not answer is a fault, a centre that does not answer a warning: readings wait', async () => {
  await using place = await aFolder();
  const findings = await examine({
    config: await aConfig(place.path, {
      database: { url: 'postgres://nobody@127.0.0.1:1/none' },
      centre: { url: 'http://127.0.0.1:1' },
    }),
  });
  expect(stateOf(findings, 'database')).toBe('fault');
  expect(stateOf(findings, 'centre')).toBe('warning');
});

test('an embedded database that its daemon holds is left to it', async () => {
  await using place = await aFolder();
  const config = await aConfig(place.path);
  await using _ = await lockFolder(join(place.path, 'data'));
  const findings = await examine({ config });
  expect(findings.find(({ check }) => check === 'database')?.message).toContain('held by the daemon');
});

test('the ports of brokers are looked at too, before the first start and afterwards', async () => {
  await using place = await aFolder();
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const users = [{ name: 'field', password: { secret: 'field' }, publish: ['#'] }];
  const broker = { host: '127.0.0.1', port, webSocket: { port: 0 }, users };
  const sources = [{ name: 'field', protocol: 'mqtt', config: { broker } }];
  const plant = join(place.path, 'plant.yaml');
  await writeFile(plant, stringify({ site: { name: 'Works' }, sources }));
  const config = await aConfig(place.path, { plant });
  const found = async () => (await examine({ config })).find(({ check }) => check === `port ${port}`);
  expect(await found()).toMatchObject({
    state: 'fault',
    message: expect.stringContaining('is in use by') as unknown,
  });
  await writeFile(plant, stringify({ site: {} }));
  expect(stateOf(await examine({ config }), 'plant')).toBe('fault');
  const model = { site: { name: 'Works', timeZone: 'UTC' }, areas: [], tags: [], rules: [] };
  const known = sources.map((source) => ({ id: 1, enabled: true, ...source }));
  await writeLastKnown(join(place.path, 'data'), { plant: { ...model, sources: known }, openAlarms: [] });
  expect(await found()).toMatchObject({ state: 'fault' });
});
