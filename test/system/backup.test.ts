import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { openDatabase } from '../../platform/database/open.ts';
import type { Database } from '../../platform/database/db.ts';
import { anEmbedded, fillSmallPlant, quiet, rowsOfTable } from '../support/backup.ts';
import { PENSTOCK, setUpCodeIn, startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import { aDatabaseAddress, requiredServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { aPlantFile } from '../support/plant.ts';
import { freePort } from '../support/foreign.ts';

const run = promisify(execFile);

const penstock = async (...words: string[]) => {
  try {
    return { code: 0, ...(await run(process.execPath, [PENSTOCK, ...words])) };
  } catch (err) {
    return err as { code: number; stdout: string; stderr: string };
  }
};

const TABLES = ['areas', 'tags', 'sources', 'alarm_rules', 'users', 'site', 'audit'];
/** What was there before any gateway ran; a gateway without its device goes on storing that it has none. */
const contentOf = (db: Database): Promise<string[][]> =>
  Promise.all([`(select * from readings where quality < 3)`, ...TABLES].map((from) => rowsOfTable(db, from)));

/** A site in a folder of its own; `database` is its server, or `embedded`. */
async function aSite(folder: string, database: string) {
  const port = await freePort();
  const secrets = { plc: 'hunter2' };
  return { port, config: await writeSite(folder, { port, database, plant: aPlantFile(), secrets }) };
}

const backupOf = (stdout: string): string => /^(\S+): \d+ rows/m.exec(stdout)?.[1] ?? stdout;

test('a plant goes from an embedded database to a server and back, each time from a gateway that runs', async () => {
  await using place = await aFolder();
  await using server = await aDatabaseAddress(requiredServer());
  const first = await aSite(join(place.path, 'first'), 'embedded');
  let content: string[][];
  {
    await using db = await anEmbedded(join(place.path, 'first', 'data', 'database'));
    await fillSmallPlant(db);
    content = await contentOf(db);
  }

  let made: string;
  {
    await using gateway = startDaemon('gateway', first.config, first.port);
    await untilUp(gateway);
    const { code, stdout, stderr } = await penstock(
      'backup',
      '--config',
      first.config,
      '--test',
      join(place.path, 'b1'),
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('all rows came back');
    made = backupOf(stdout);
    expect(await gateway.stop()).toBe(0);
  }

  const second = await aSite(join(place.path, 'second'), server.url);
  const refused = await penstock('restore', '--config', second.config, made);
  expect(refused.stderr).toContain('The data folder');
  const { code, stderr } = await penstock('restore', '--config', second.config, '--overwrite', made);
  expect([code, stderr]).toEqual([0, '']);
  {
    await using db = await openDatabase({ url: server.url, folder: '', name: 'test', log: quiet });
    expect(await contentOf(db)).toEqual(content);
  }

  {
    await using gateway = startDaemon('gateway', second.config, second.port);
    await untilUp(gateway);
    const busy = await penstock('restore', '--config', second.config, '--overwrite', made);
    expect(busy.stderr).toContain('in use by process');
    const again = await penstock('backup', '--config', second.config, '--test', join(place.path, 'b2'));
    expect([again.code, again.stderr]).toEqual([0, '']);
    made = backupOf(again.stdout);
    expect(await gateway.stop()).toBe(0);
  }

  const third = await aSite(join(place.path, 'third'), 'embedded');
  expect((await penstock('restore', '--config', third.config, '--overwrite', made)).code).toBe(0);
  await using db = await anEmbeddedAsItIs(join(place.path, 'third', 'data', 'database'));
  expect(await contentOf(db)).toEqual(content);
  expect(await readFile(join(place.path, 'third', 'data', 'secrets', 'plc'), 'utf8')).toBe('hunter2');
});

const anEmbeddedAsItIs = (folder: string) =>
  openDatabase({ url: 'embedded', folder, name: 'test', log: quiet });

test('the doctor finds a server with which all is well, and a gateway that runs', async () => {
  await using place = await aFolder();
  await using server = await aDatabaseAddress(requiredServer());
  const site = await aSite(place.path, server.url);
  await using gateway = startDaemon('gateway', site.config, site.port);
  await untilUp(gateway);
  const { stdout } = await penstock('doctor', '--json', '--config', site.config);
  const findings = JSON.parse(stdout) as { check: string; state: string; message: string }[];
  const stateOf = (name: string) => findings.find(({ check }) => check === name)?.state;
  expect(stateOf(`port ${site.port}`)).toBe('ok');
  for (const check of ['database version', 'database rights', 'database clock', 'durability', 'data folder'])
    expect(`${check} ${stateOf(check)}`).toMatch(/ (ok|warning)$/);
});

/** A centre in a folder of its own. */
async function aCentre(folder: string, database: string) {
  const port = await freePort();
  const config = join(folder, 'central.yaml');
  await mkdir(folder, { recursive: true });
  const settings = { mode: 'evaluation', data: join(folder, 'data'), web: { port, transport: 'node' } };
  await writeFile(config, stringify({ ...settings, database: { url: database } }));
  return { port, config, data: settings.data };
}

const ADMINISTRATOR = { name: 'Ada Lovelace', password: 'analytical engine' };

/** What a signed-in administrator does with the API of a daemon. */
async function signedIn(url: string, way: 'setup' | 'session', more: object = {}) {
  const json = { 'content-type': 'application/json', origin: url };
  const ask = (path: string, method: string, body: object | undefined, cookie = '') =>
    fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { ...json, cookie },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  // It answers before its database is open: 503 until then.
  const entered = await vi.waitUntil(
    async () => {
      const answer = await ask(way, 'POST', { ...ADMINISTRATOR, ...more });
      return answer.status === 503 ? null : answer;
    },
    { timeout: 60_000, interval: 100 },
  );
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
  expect([entered.status, cookie]).toEqual([way === 'setup' ? 201 : 200, expect.stringContaining('=')]);
  return async (path: string, body?: object): Promise<unknown> =>
    (await ask(path, body === undefined ? 'GET' : 'POST', body, cookie)).json();
}

test('a centre goes from a server to an embedded database: its users, its sites and its key', async () => {
  await using place = await aFolder();
  await using server = await aDatabaseAddress(requiredServer());
  const first = await aCentre(join(place.path, 'first'), server.url);
  let made: string;
  {
    await using daemon = startDaemon('central', first.config, first.port);
    await untilUp(daemon);
    const code = await setUpCodeIn(first.data);
    const ask = await signedIn(daemon.url, 'setup', { code });
    await ask('sites', { name: 'North works' });
    const { stdout, stderr } = await penstock(
      ...['backup', '--central', '--config', first.config, '--test', join(place.path, 'backups')],
    );
    expect(stderr).toBe('');
    expect(stdout).toContain('all rows came back');
    made = backupOf(stdout);
    expect(await daemon.stop()).toBe(0);
  }

  const second = await aCentre(join(place.path, 'second'), 'embedded');
  const wrong = await aSite(join(place.path, 'site'), 'embedded');
  expect((await penstock('restore', '--config', wrong.config, made)).stderr).toContain('central');
  expect(await penstock('restore', '--central', '--config', second.config, made)).toMatchObject({
    ...{ code: 0, stderr: '' },
  });
  await using daemon = startDaemon('central', second.config, second.port);
  await untilUp(daemon);
  const ask = await signedIn(daemon.url, 'session');
  expect(await ask('sites')).toMatchObject({ items: [{ name: 'North works' }] });
  const keyOf = (data: string) => readFile(join(data, 'centre.key'), 'utf8');
  expect(await keyOf(second.data)).toBe(await keyOf(first.data));
});
