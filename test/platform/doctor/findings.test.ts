import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Edition } from '../../../platform/database/db.ts';
import { isSynchronised, judgeClock } from '../../../platform/doctor/clock.ts';
import { judgeServer } from '../../../platform/doctor/database.ts';
import { checkFolder, checkSpace, checkSync } from '../../../platform/doctor/disk.ts';
import { checkPort } from '../../../platform/doctor/ports.ts';
import { selectSettings } from '../../../platform/doctor/store/settings.ts';
import type { Settings } from '../../../platform/doctor/store/settings.ts';
import { aDatabase } from '../../support/database.ts';
import { aFolder } from '../../support/folder.ts';

const NOW = Date.UTC(2026, 10, 21);

test('a clock that nobody sets is a warning, one that stands before its time a fault', () => {
  expect(judgeClock(NOW, true).state).toBe('ok');
  expect(judgeClock(NOW, false).state).toBe('warning');
  expect(judgeClock(NOW, false).remedy).toContain('chrony');
  expect(judgeClock(NOW, null).state).toBe('warning');
  expect(judgeClock(Date.UTC(2000, 0, 1), true).state).toBe('fault');
});

test('the first who knows tells whether the clock is synchronised', async () => {
  const missing = () => Promise.reject(new Error('no such program'));
  const says = (known: boolean) => () => Promise.resolve(known);
  expect(await isSynchronised([missing, says(false), says(true)])).toBe(true);
  expect(await isSynchronised([missing, says(false)])).toBe(false);
  expect(await isSynchronised([missing])).toBe(null);
});

test('a port that another program has is a fault that names it, while the daemon has it it is as it should be', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const at = { host: '127.0.0.1', port };
  const found = await checkPort('The gateway', at, false);
  expect(found.state).toBe('fault');
  if (process.platform === 'linux') expect(found.message).toContain(`(process ${process.pid})`);
  expect((await checkPort('The gateway', at, true)).state).toBe('ok');
  server.close();
  await once(server, 'close');
  expect((await checkPort('The gateway', at, false)).state).toBe('ok');
  expect((await checkPort('The gateway', at, true)).state).toBe('fault');
});

test('a data folder that others can enter is a warning, and so is a secret that they can read', async () => {
  await using place = await aFolder();
  await chmod(place.path, 0o755);
  expect(await checkFolder(place.path)).toMatchObject({
    state: 'warning',
    remedy: `chmod 700 ${place.path}`,
  });
  await chmod(place.path, 0o700);
  expect((await checkFolder(place.path)).state).toBe('ok');
  await mkdir(join(place.path, 'secrets'));
  await writeFile(join(place.path, 'secrets', 'plc'), 'x', { mode: 0o600 });
  expect((await checkFolder(place.path)).state).toBe('ok');
  await chmod(join(place.path, 'secrets', 'plc'), 0o644);
  expect((await checkFolder(place.path)).remedy).toContain('chmod 600');
  expect((await checkFolder(join(place.path, 'none'))).state).toBe('warning');
});

test('free space and the time of a sync are measured where the data is', async () => {
  await using place = await aFolder();
  expect((await checkSpace(place.path)).message).toMatch(/GB \(\d+ %\) are free/);
  const sync = await checkSync(place.path);
  expect(sync.state === 'fault' ? sync.message : 'safe on the disk').toMatch(/tmpfs|safe on the disk/);
  expect((await checkSync(join(place.path, 'none'))).state).toBe('fault');
});

const good: Settings = {
  ...{ version: 17, fsync: 'on', fullPageWrites: 'on', synchronousCommit: 'on', checksums: 'on' },
  ...{ maxConnections: 100, inUse: 5, now: new Date(NOW), mayCreate: true, mayCreateDatabases: true },
  ...{ inRecovery: false, bytes: 1e9 },
};
const edition: Edition = {
  ...{ engine: 'native', server: 'PostgreSQL 17.5', timescaledb: '2.19.3', compression: true },
};
const states = (over: Partial<Settings>, what: Partial<Edition> = {}) =>
  judgeServer({ ...good, ...over }, { ...edition, ...what }, { ours: NOW, poolSize: 6 })
    .filter(({ state }) => state !== 'ok')
    .map(({ check, state }) => `${state} ${check}`);

test('a server on which all is well has no warning', () => {
  expect(states({})).toEqual([]);
});

test('a server that can lose what was acknowledged is a fault', () => {
  expect(states({ fsync: 'off' })).toEqual(['fault database durability']);
  expect(states({ fullPageWrites: 'off' })).toEqual(['fault database durability']);
  expect(states({ synchronousCommit: 'off' })).toEqual(['fault database durability']);
});

test('a server that we cannot write, that is unknown, or that has no room or time is told', () => {
  expect(states({ mayCreate: false })).toEqual(['fault database rights']);
  expect(states({ inRecovery: true })).toEqual(['fault database rights']);
  expect(states({ version: 14 })).toEqual(['warning database version']);
  expect(states({ inUse: 98 })).toEqual(['warning database connections']);
  expect(states({ now: new Date(NOW + 60_000) })).toEqual(['warning database clock']);
  expect(states({ checksums: 'off' })).toEqual(['warning database durability']);
  expect(states({}, { compression: false })).toEqual(['warning database edition']);
});

test('what a server is set to is read on either engine', async () => {
  await using db = await aDatabase();
  const settings = await selectSettings(db);
  expect(settings).toMatchObject({ mayCreate: true, inRecovery: false });
  expect(settings.fsync).toMatch(/^(on|off)$/);
  expect(settings.version).toBeGreaterThanOrEqual(15);
  expect(settings.now).toBeInstanceOf(Date);
});
