import { expect, test } from 'vitest';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { faults } from '../../../platform/config.ts';
import { aPlantFile } from '../../support/plant.ts';

const faultsOf = (file: unknown): string[] => {
  const result = PlantModel.safeParse(file);
  return result.error === undefined ? [] : faults(result.error, file);
};

test('a whole plant is accepted, with its defaults filled in', () => {
  const model = PlantModel.parse(aPlantFile());
  expect(model.tags[0]).toMatchObject({
    name: 'TI-1',
    kind: 'number',
    spike: true,
    alarms: [{ kind: 'high', limit: 80 }],
  });
});

test('all faults are reported at once, each at its place', () => {
  const file = aPlantFile();
  Object.assign(file.tags[0]!, { area: 'Nowhere', source: 'nobody', colour: 'red' });
  Object.assign(file.sources[0]!.config, { pollMs: 'fast', prot: 5020 });
  const found = faultsOf(file).join('\n');
  expect(found).toContain('tags.0.colour: this key is not known');
  expect(found).toContain('tags.0.area: no area has this name (found "Nowhere")');
  expect(found).toContain('tags.0.source: no source has this name (found "nobody")');
  expect(found).toContain('sources.0.config.pollMs');
  expect(found).toContain('sources.0.config.prot: this key is not known');
});

test('an address is checked by the protocol of its source', () => {
  const file = aPlantFile();
  file.tags[0]!.address = { register: 70_000, type: 'int16' };
  expect(faultsOf(file).join('\n')).toContain('tags.0.address.register');
});

test('a name that stands twice is reported with both places', () => {
  const file = aPlantFile();
  file.tags.push({ ...file.tags[0]! });
  expect(faultsOf(file)).toEqual(['  tags.2.name: stands twice: tags.0 has this name too (found "TI-1")']);
});

test('two alarms of one tag with the same kind and priority are reported, and so is a time no column holds', () => {
  const file = aPlantFile();
  const alarm = { kind: 'high', limit: 90, priority: 1 };
  Object.assign(file.tags[1]!, {
    alarms: [alarm, { ...alarm, kind: 'low', limit: 1 }, { ...alarm, limit: 95 }],
  });
  expect(faultsOf(file)).toEqual([
    '  tags.1.alarms.2.priority: alarms.0 is a high alarm of this priority too; give each its own (found 1)',
  ]);
  Object.assign(file.tags[1]!, { alarms: [], expectedMs: 3_000_000_000 });
  expect(faultsOf(file).join()).toContain('tags.1.expectedMs');
});

test('a password in the open is refused, and its value is not repeated', () => {
  const file = aPlantFile();
  file.sources.push({
    name: 'broker',
    protocol: 'mqtt',
    config: { broker: { users: [{ name: 'field', password: 'hunter2hunter2' }] } },
  });
  const found = faultsOf(file).join('\n');
  expect(found).toContain('sources.1.config.broker.users.0.password: write { secret: name } here');
  expect(found).not.toContain('hunter2');
});

test('a private key in the open is refused as well', () => {
  const file = aPlantFile();
  file.sources.push({
    name: 'plc',
    protocol: 'opcua',
    config: {
      endpoint: 'opc.tcp://plc:4840',
      userCertificate: 'operator.pem',
      userKey: '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----',
    },
  });
  expect(faultsOf(file).join()).toContain('sources.1.config.userKey: write { secret: name } here');
});

test('a secret by name is accepted where a password is due', () => {
  const file = aPlantFile();
  file.sources.push({
    name: 'broker',
    protocol: 'mqtt',
    config: { broker: { users: [{ name: 'field', password: { secret: 'field' } }] } },
  });
  expect(faultsOf(file)).toEqual([]);
});

test('a secret by name is refused where it would be shown, and the field is told', () => {
  const file = aPlantFile();
  const secret = { secret: 'field' };
  file.sources.push(
    { name: 'server', protocol: 'opcua', config: { endpoint: secret, password: secret, user: secret } },
    {
      name: 'broker',
      protocol: 'mqtt',
      config: {
        client: { url: 'mqtt://h:1', clientId: secret, password: secret },
        mappings: { m: { topic: 'a', value: '$', map: { password: secret } } },
      },
    },
    {
      name: 'web',
      protocol: 'http',
      config: {
        url: 'https://api.example.com',
        headers: { 'x.key': secret },
        requests: { now: { path: secret, query: { appid: secret } } },
      },
    },
  );
  const stray = faultsOf(file).filter((fault) => fault.includes('a secret cannot be named here'));
  expect(stray.map((fault) => fault.trim().split(':')[0])).toEqual([
    ...['sources.1.config.endpoint', 'sources.1.config.user', 'sources.2.config.client.clientId'],
    ...['sources.2.config.mappings.m.map.password', 'sources.3.config.requests.now.path'],
  ]);
});

test('what may be done with a tag’s values is checked at its place, and is for numbers only', () => {
  const file = aPlantFile();
  Object.assign(file.tags[0]!, {
    clamp: [10, 0],
    thin: { by: 'swinging door', error: -1 },
    write: { range: [5, 5], role: 'viewer' },
  });
  Object.assign(file.tags[1]!, { kind: 'text', clamp: [0, 1] });
  const found = faultsOf(file).join('\n');
  expect(found).toContain('tags.0.clamp');
  expect(found).toContain('tags.0.thin.error');
  expect(found).toContain('tags.0.write.range');
  expect(found).toContain('tags.0.write.role');
  Object.assign(file.tags[0]!, {
    clamp: [0, 1],
    thin: { by: 'deadband', deadband: 1 },
    write: { range: [0, 1] },
  });
  expect(faultsOf(file)).toEqual([expect.stringContaining('tags.1.clamp: is for numbers only')]);
});

test('a calculated tag is checked: its expression, its inputs, and what only a device has', () => {
  const file = aPlantFile();
  file.sources.push({ name: 'computed', protocol: 'calculated', config: {} });
  const add = (name: string, expression: string, more: object = {}) =>
    file.tags.push({ name, area: 'Reactor', source: 'computed', address: { expression }, ...more });
  add('mean', 'avg(tag("TI-1"), tag("PI-2"))');
  add('twice', 'mean * 2');
  expect(faultsOf(file)).toEqual([]);
  add('broken', 'mean +');
  add('lost', 'tag("TI-9")');
  add('scaled', 'mean', { scale: { factor: 2 }, write: { range: [0, 1] } });
  const found = faultsOf(file).join('\n');
  expect(found).toContain('tags.4.address.expression: Expected expression after +');
  expect(found).toContain("tags.5.address.expression: no tag has the name 'TI-9'");
  expect(found).toContain('tags.6.scale: is for what a device reports');
  expect(found).toContain('tags.6.write: a calculated tag cannot be written to');
});

test('calculated tags that are computed from one another are refused, with the way round', () => {
  const file = aPlantFile();
  file.sources.push({ name: 'computed', protocol: 'calculated', config: { everyMs: 500 } });
  for (const [name, expression] of [
    ['x', 'y + 1'],
    ['y', 'z'],
    ['z', 'tag("TI-1") + x'],
  ] as const)
    file.tags.push({ name, area: 'Reactor', source: 'computed', address: { expression } });
  expect(faultsOf(file).join()).toContain(
    'tags.2.address.expression: is computed from itself: x from y from z from x; break the circle',
  );
});
