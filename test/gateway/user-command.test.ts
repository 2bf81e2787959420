import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { selectAudit } from '../../platform/access/store/audit.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aDatabaseAddress, testServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { copyNewDatabase } from '../support/new-database.ts';
import { aPlantFile } from '../support/plant.ts';
import { stringify } from 'yaml';

const PENSTOCK = fileURLToPath(new URL('../../deploy/penstock.mjs', import.meta.url));

// Each command opens the database anew.
vi.setConfig({ testTimeout: 90_000 });

let folder: Awaited<ReturnType<typeof aFolder>>;
let address: Awaited<ReturnType<typeof aDatabaseAddress>> | undefined;
let config: string;
beforeAll(async () => {
  folder = await aFolder();
  address = testServer === undefined ? undefined : await aDatabaseAddress(testServer);
  const data = join(folder.path, 'data');
  if (address === undefined) await copyNewDatabase(join(data, 'database'));
  config = join(folder.path, 'gateway.yaml');
  await writeFile(
    config,
    stringify({ mode: 'evaluation', data, database: { url: address?.url ?? 'embedded' } }),
  );
});
afterAll(async () => {
  await address?.[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function penstock(words: readonly string[], input = '') {
  const child = spawn(process.execPath, [PENSTOCK, ...words, '--config', config]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

test('a weak password is refused before anything is stored', async () => {
  const { code, output } = await penstock(['user', 'add', 'bob', '--role', 'operator'], 'short');
  expect(code).toBe(1);
  expect(output).toContain('password:');
});

test('a user is added once, and a second one of the name is refused', async () => {
  const first = await penstock(['user', 'add', 'bob', '--role', 'operator'], 'correct horse battery 9\n');
  expect(first).toEqual({ code: 0, output: 'Added bob as operator.\n' });
  const second = await penstock(['user', 'add', 'bob', '--role', 'viewer'], 'correct horse battery 9\n');
  expect(second.output).toContain('The name bob is taken');
  expect(second.code).toBe(1);
});

test('a plant model survives export and import', async () => {
  const file = join(folder.path, 'plant.yaml');
  const copy = join(folder.path, 'copy.yaml');
  await writeFile(file, stringify(aPlantFile()));
  expect((await penstock(['import', file])).output).toContain('2 tags imported');
  expect((await penstock(['export', copy])).code).toBe(0);
  const exported = await readFile(copy, 'utf8');
  expect((await penstock(['import', copy])).code).toBe(0);
  expect((await penstock(['export'])).output).toBe(exported);
  const log = createLog('test', 'silent');
  const place = { url: address?.url ?? 'embedded', folder: join(folder.path, 'data', 'database') };
  await using db = await openDatabase({ ...place, name: 'test', log });
  const { items } = await selectAudit(db, { limit: 10, offset: 0, action: 'import a plant model' });
  expect(items).toMatchObject(
    [copy, file].map((from) => ({
      who: 'command line',
      subject: 'Test works',
      new: { file: from, tags: 2 },
    })),
  );
});
