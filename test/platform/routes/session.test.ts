import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { accessMigrations } from '../../../platform/access/store/migrations.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import { createUser, prepareUser } from '../../../platform/access/users.ts';
import type { ProblemBody } from '../../../platform/api/problem.ts';
import type { Role, SessionState } from '../../../platform/api/session.ts';
import type { Database } from '../../../platform/database/db.ts';
import { createLog } from '../../../platform/log.ts';
import { aBrowser, aDoor, anActor, emptyAccess, withSwitch } from '../../support/access.ts';
import { aDatabase } from '../../support/database.ts';
import { aFolder } from '../../support/folder.ts';

const PASSWORD = 'the reactor hums at noon';
const HOUR_MS = 3_600_000;
let db: Database;
let folder: Awaited<ReturnType<typeof aFolder>>;

beforeAll(async () => {
  db = await aDatabase({ migrations: [accessMigrations] });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await emptyAccess(db);
  folder = await aFolder();
  return () => folder[Symbol.asyncDispose]();
});

type Door = Awaited<ReturnType<typeof aDoor>>;
const aDoorHere = (given: Partial<Parameters<typeof aDoor>[0]> = {}) =>
  aDoor({ db, folder: folder.path, ...given });
const addUser = async ({ access }: Door, name: string, role: Role = 'operator') =>
  createUser(db, anActor(), await prepareUser(access.passwords, { name, role, password: PASSWORD }));
const codeFile = () => path.join(folder.path, 'setup-code');
const code = async () => (await readFile(codeFile(), 'utf8')).trim();
const session = (browser: ReturnType<typeof aBrowser>) =>
  browser.call<SessionState>('GET', '/api/v1/session');
const signIn = (browser: ReturnType<typeof aBrowser>, name = 'Anna', password = PASSWORD) =>
  browser.call<SessionState & ProblemBody>('POST', '/api/v1/session', { name, password });

test('the first start prints a set-up code once and keeps it where only its owner can read', async () => {
  const lines: string[] = [];
  const log = createLog('test', 'info', { write: (line) => void lines.push(line) });
  const first = await aDoorHere({ log });
  await expect.poll(() => lines.length).toBe(1);
  expect(lines[0]).toContain(`Set-up code: ${await code()}`);
  expect((await stat(codeFile())).mode & 0o777).toBe(0o600);
  await first[Symbol.asyncDispose]();
  const before = await code();
  const second = await aDoorHere({ log });
  await expect.poll(() => lines.length).toBe(2);
  await second[Symbol.asyncDispose]();
  expect(lines[1]).not.toContain(before);
  expect(await code()).toBe(before);
});

test('the code makes one administrator, who is then signed in; after that it is spent', async () => {
  await using door = await aDoorHere();
  const browser = aBrowser(door.web.address);
  await expect.poll(() => code().catch(() => '')).toMatch(/^([2-9A-Z]{5}-){3}[2-9A-Z]{5}$/);
  expect((await session(browser)).body).toEqual({
    setUpNeeded: true,
    user: null,
    daemon: 'gateway',
    title: 'Test',
    timeZone: 'UTC',
  });
  const given = (await code()).toLowerCase().replaceAll('-', ' ');
  const done = await browser.call('POST', '/api/v1/setup', { code: given, name: 'Anna', password: PASSWORD });
  expect(done.status).toBe(201);
  expect((await session(browser)).body).toMatchObject({
    setUpNeeded: false,
    user: { name: 'Anna', role: 'administrator' },
  });
  const again = await browser.call('POST', '/api/v1/setup', {
    code: given,
    name: 'Bert',
    password: PASSWORD,
  });
  expect(again.status).toBe(409);
  await expect(code()).rejects.toThrow('ENOENT');
});

test('two who use the code at the same time do not both become administrator', async () => {
  await using door = await aDoorHere();
  await expect.poll(() => code().catch(() => '')).not.toBe('');
  const given = await code();
  const answers = await Promise.all(
    ['Anna', 'Bert'].map((name) =>
      aBrowser(door.web.address).call('POST', '/api/v1/setup', { code: given, name, password: PASSWORD }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
});

test('five wrong codes in ten minutes, then not even the right one', async () => {
  let now = Date.now();
  await using door = await aDoorHere({ now: () => now });
  await expect.poll(() => code().catch(() => '')).not.toBe('');
  const tryCode = async (given: string) =>
    (
      await aBrowser(door.web.address).call('POST', '/api/v1/setup', {
        code: given,
        name: 'Anna',
        password: PASSWORD,
      })
    ).status;
  for (let at = 0; at < 5; at++) expect(await tryCode('WRONG')).toBe(403);
  expect(await tryCode(await code())).toBe(429);
  now += 600_001;
  expect(await tryCode(await code())).toBe(201);
});

test('a code left over from before there were users is removed at the next start', async () => {
  const before = await aDoorHere();
  await addUser(before, 'Anna', 'administrator');
  await before[Symbol.asyncDispose]();
  await writeFile(codeFile(), 'LEFT-OVER');
  const after = await aDoorHere();
  await expect.poll(() => code().catch(() => 'gone')).toBe('gone');
  await after[Symbol.asyncDispose]();
});

test('signing in and out', async () => {
  await using door = await aDoorHere();
  await addUser(door, 'Anna');
  const browser = aBrowser(door.web.address);
  const answer = await signIn(browser, 'ANNA');
  expect([answer.status, answer.body.user?.name]).toEqual([200, 'Anna']);
  expect(answer.headers.get('set-cookie')).toMatch(
    /^penstock_gateway=[\w-]{43}; .*HttpOnly; SameSite=Strict/,
  );
  const { cookie } = browser;
  expect((await browser.call('DELETE', '/api/v1/session')).status).toBe(204);
  expect((await session(browser)).body.user).toBeNull();
  const thief = await aBrowser(door.web.address).call<SessionState>('GET', '/api/v1/session', undefined, {
    cookie,
  });
  expect(thief.body.user).toBeNull();
});

test('a wrong name and a wrong password are answered alike, and are in the audit trail', async () => {
  await using door = await aDoorHere();
  await addUser(door, 'Anna');
  const wrongPassword = await signIn(aBrowser(door.web.address), 'Anna', 'something else');
  const wrongName = await signIn(aBrowser(door.web.address), 'my secret in the wrong field', PASSWORD);
  expect([wrongName.status, wrongName.body.detail]).toEqual([
    wrongPassword.status,
    wrongPassword.body.detail,
  ]);
  expect(wrongName.status).toBe(401);
  const { items } = await selectAudit(db, { limit: 2, offset: 0 });
  expect(items).toMatchObject([
    { action: 'sign in', subject: '(unknown name)', result: 'refused', address: '127.0.0.1' },
    { action: 'sign in', subject: 'Anna', result: 'refused' },
  ]);
  expect(JSON.stringify(items)).not.toContain('wrong field');
});

test('guessing is slowed down, for the account and for the address, and never for ever', async () => {
  let now = Date.now();
  await using door = await aDoorHere({ now: () => now });
  await addUser(door, 'Anna');
  const browser = aBrowser(door.web.address);
  for (let at = 0; at < 5; at++) expect((await signIn(browser, 'Anna', 'guess')).status).toBe(401);
  const slowed = await signIn(browser);
  expect([slowed.status, slowed.headers.get('retry-after')]).toEqual([429, '1']);
  now += 1001;
  expect((await signIn(browser)).status).toBe(200);
  for (let at = 0; at < 20; at++) expect((await signIn(browser, `name ${at}`)).status).toBe(401);
  expect((await signIn(browser)).status).toBe(429);
});

test('a session ends after an hour without use, and after twelve in any case', async () => {
  let now = Date.now();
  await using door = await aDoorHere({ now: () => now });
  await addUser(door, 'Anna');
  const browser = aBrowser(door.web.address);
  const isIn = async () => (await session(browser)).body.user !== null;
  await signIn(browser);
  for (let hours = 0; hours < 11; hours++) {
    now += HOUR_MS - 60_000;
    expect(await isIn()).toBe(true);
  }
  now += HOUR_MS + 1;
  expect(await isIn()).toBe(false);
  await signIn(browser);
  for (let at = 0; at < 13; at++) {
    now += HOUR_MS - 60_000;
    await isIn();
  }
  expect(await isIn()).toBe(false);
});

test('a new sign-in replaces the session of the same browser, and ten sessions are enough for anybody', async () => {
  await using door = await aDoorHere();
  await addUser(door, 'Anna');
  const browser = aBrowser(door.web.address);
  await signIn(browser);
  const { cookie } = browser;
  await signIn(browser);
  const before = await aBrowser(door.web.address).call<SessionState>('GET', '/api/v1/session', undefined, {
    cookie,
  });
  expect(before.body.user).toBeNull();
  for (let at = 0; at < 11; at++) await signIn(aBrowser(door.web.address));
  expect(await db.query('select 1 from sessions')).toHaveLength(10);
});

test('while the database is away, who is in stays in, nobody new comes in, and both are told why', async () => {
  const { db: switched, power } = withSwitch(db);
  let now = Date.now();
  await using door = await aDoorHere({ db: switched, now: () => now });
  await addUser(door, 'Anna');
  const [browser, other] = [aBrowser(door.web.address), aBrowser(door.web.address)];
  await signIn(browser);
  await session(browser);
  power.on = false;
  now += HOUR_MS / 2;
  expect((await session(browser)).body.user?.name).toBe('Anna');
  const refused = await signIn(other);
  expect(refused.status).toBe(503);
  expect(refused.body.detail).toContain('The database is away');
  // Whether a set-up is needed cannot be told now: the screens ask again.
  expect((await session(other)).status).toBe(503);
  const { cookie } = browser;
  expect((await browser.call('DELETE', '/api/v1/session')).status).toBe(204);
  power.on = true;
  const thief = aBrowser(door.web.address);
  expect(
    (await thief.call<SessionState>('GET', '/api/v1/session', undefined, { cookie })).body.user,
  ).toBeNull();
  expect((await signIn(other)).status).toBe(200);
});

test('a database that goes away between two looks is survived as well', async () => {
  let now = Date.now();
  const { db: switched, power } = withSwitch(db);
  const late = Object.create(switched, { available: { value: true } }) as Database;
  await using door = await aDoorHere({ db: late, now: () => now });
  await addUser(door, 'Anna');
  const browser = aBrowser(door.web.address);
  await signIn(browser);
  await session(browser);
  power.on = false;
  now += 11_000;
  expect((await session(browser)).body.user?.name).toBe('Anna');
});
