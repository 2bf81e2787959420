import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { Refusal } from '../../platform/cli.ts';
import { findSecret, loadConfig, parseYaml } from '../../platform/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'penstock-config-'));
afterEach(() => {
  rmSync(join(folder, 'file.yaml'), { force: true });
});

const Schema = z.strictObject({
  data: z.string(),
  web: z.strictObject({ port: z.number().int().max(65535), host: z.string().default('127.0.0.1') }),
  database: z.strictObject({ url: z.string(), poolSize: z.number().default(4) }).optional(),
});

const load = (text: string, env: Record<string, string> = {}) => {
  writeFileSync(join(folder, 'file.yaml'), text);
  return loadConfig(Schema, join(folder, 'file.yaml'), env);
};
const refusal = (text: string, env: Record<string, string> = {}): Refusal => {
  try {
    load(text, env);
  } catch (err) {
    if (err instanceof Refusal) return err;
    throw err;
  }
  throw new Error('The configuration was accepted.');
};

test('every fault is reported at once, with its place, and the exit code keeps systemd from trying again', () => {
  const { message, exitCode } = refusal('data: 7\nweb: { port: 99999, prot: 1 }\ncolour: red\n');
  expect(exitCode).toBe(78);
  expect(message).toContain('4 fault(s)');
  for (const place of [
    'data:',
    'web.port:',
    'web.prot: this key is not known',
    'colour: this key is not known',
  ]) {
    expect(message).toContain(place);
  }
  expect(message).toContain('(found 99999)');
});

test('broken YAML is refused with its line', () => {
  expect(refusal('data: [1,\n').message).toMatch(/not valid YAML[\s\S]*line 2/);
});

test('a missing file is refused by name', () => {
  expect(() => loadConfig(Schema, join(folder, 'nowhere.yaml'), {})).toThrow(/nowhere\.yaml cannot be read/);
});

test('a variable overrides the file, typed as in YAML', () => {
  const config = load('data: here\nweb: { port: 80 }\n', {
    PENSTOCK_WEB__PORT: '8081',
    PENSTOCK_DATABASE__POOL_SIZE: '2',
    PENSTOCK_DATABASE__URL: 'embedded',
  });
  expect(config).toMatchObject({ web: { port: 8081 }, database: { url: 'embedded', poolSize: 2 } });
});

test('a variable that ends in _FILE takes the content of a file', () => {
  writeFileSync(join(folder, 'url'), 'postgres://db\n');
  const config = load('data: here\nweb: { port: 80 }\n', {
    PENSTOCK_DATABASE__URL_FILE: join(folder, 'url'),
  });
  expect(config.database?.url).toBe('postgres://db');
});

test('a mistyped variable is reported like a mistyped key', () => {
  expect(refusal('data: here\nweb: { port: 80 }\n', { PENSTOCK_WEB__PROT: '1' }).message).toContain(
    'web.prot',
  );
});

test('a secret is found in the credentials of systemd first, then in the environment, then in the data folder', () => {
  const data = join(folder, 'data');
  const credentials = join(folder, 'credentials');
  mkdirSync(join(data, 'secrets'), { recursive: true });
  mkdirSync(credentials, { recursive: true });
  expect(findSecret('plc-login', data, {})).toBeUndefined();
  writeFileSync(join(data, 'secrets', 'plc-login'), 'from file\n');
  expect(findSecret('plc-login', data, {})).toBe('from file');
  const env = { PENSTOCK_SECRET_PLC_LOGIN: 'from variable', CREDENTIALS_DIRECTORY: credentials };
  expect(findSecret('plc-login', data, env)).toBe('from variable');
  writeFileSync(join(credentials, 'plc-login'), 'from systemd');
  expect(findSecret('plc-login', data, env)).toBe('from systemd');
});

test('a file whose aliases grow without bound is refused with what to do', () => {
  const bomb = ['a: &a [1, 2, 3]', ...Array.from({ length: 200 }, (_, i) => `k${i}: *a`)].join('\n');
  expect(() => parseYaml('plant.yaml', bomb)).toThrow(/plant\.yaml is not valid YAML.*aliases/s);
  expect(parseYaml('plant.yaml', 'a: &a 1\nb: *a')).toEqual({ a: 1, b: 1 });
});
