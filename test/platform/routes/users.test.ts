import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { accessMigrations } from '../../../platform/access/store/migrations.ts';
import { createUser, prepareUser } from '../../../platform/access/users.ts';
import type { AuditEntry } from '../../../platform/api/audit.ts';
import type { Page } from '../../../platform/api/page.ts';
import type { ProblemBody } from '../../../platform/api/problem.ts';
import type { SessionState } from '../../../platform/api/session.ts';
import type { IssuedToken, TokenView } from '../../../platform/api/tokens.ts';
import type { UserView } from '../../../platform/api/users.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aBrowser, aDoor, anActor, emptyAccess, withSwitch } from '../../support/access.ts';
import { aDatabase } from '../../support/database.ts';
import { aFolder } from '../../support/folder.ts';

const PASSWORD = 'the reactor hums at noon';
let db: Database;

beforeAll(async () => {
  db = await aDatabase({ migrations: [accessMigrations] });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(() => emptyAccess(db));

/** A door with Anna, the administrator, signed in. */
async function withAnna(given: Partial<Parameters<typeof aDoor>[0]> = {}) {
  const folder = await aFolder();
  const door = await aDoor({ db, folder: folder.path, ...given });
  const { passwords } = door.access;
  const anna = await createUser(
    db,
    anActor(),
    await prepareUser(passwords, { name: 'Anna', role: 'administrator', password: PASSWORD }),
  );
  const browser = aBrowser(door.web.address);
  await browser.call('POST', '/api/v1/session', { name: 'Anna', password: PASSWORD });
  return {
    anna,
    browser,
    address: door.web.address,
    async [Symbol.asyncDispose]() {
      await door[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
type Browser = ReturnType<typeof aBrowser>;
const add = (browser: Browser, name: string, role: string, password = PASSWORD) =>
  browser.call<UserView & ProblemBody>('POST', '/api/v1/users', { name, role, password });

test('an administrator makes, sees, changes and removes users', async () => {
  await using door = await withAnna();
  const { browser } = door;
  const bert = await add(browser, 'Bert', 'viewer');
  expect([bert.status, bert.body.role]).toEqual([201, 'viewer']);
  const changed = await browser.call<UserView>('PATCH', `/api/v1/users/${bert.body.id}`, {
    role: 'engineer',
  });
  expect(changed.body.role).toBe('engineer');
  const list = await browser.call<Page<UserView>>('GET', '/api/v1/users?limit=1&offset=1');
  expect(list.body).toMatchObject({
    items: [{ name: 'Bert', role: 'engineer' }],
    total: 2,
  });
  expect(JSON.stringify(list.body)).not.toContain('scrypt');
  expect((await browser.call('DELETE', `/api/v1/users/${bert.body.id}`)).status).toBe(204);
  expect((await browser.call('DELETE', `/api/v1/users/${bert.body.id}`)).status).toBe(404);
});

test('nobody below an administrator reaches users, tokens or the audit trail', async () => {
  await using door = await withAnna();
  await add(door.browser, 'Eva', 'engineer');
  const eva = aBrowser(door.address);
  await eva.call('POST', '/api/v1/session', { name: 'Eva', password: PASSWORD });
  for (const target of ['users', 'tokens', 'audit'])
    expect((await eva.call('GET', `/api/v1/${target}`)).status).toBe(403);
});

test('a name is taken whatever its case, and must be clean', async () => {
  await using door = await withAnna();
  const taken = await add(door.browser, 'ANNA', 'viewer');
  expect([taken.status, taken.body.faults]).toEqual([
    409,
    [{ field: 'body.name', value: 'ANNA', remedy: 'Choose another name.' }],
  ]);
  for (const name of [' Bert', 'Be\u0007rt', '', 'x'.repeat(65)])
    expect((await add(door.browser, name, 'viewer')).status).toBe(400);
});

test('a password that is short or easy is refused and never repeated', async () => {
  await using door = await withAnna();
  const short = await add(door.browser, 'Bert', 'viewer', 'too short');
  expect([short.status, short.body.faults]).toEqual([
    400,
    [{ field: 'body.password', remedy: 'Give at least 12 characters.' }],
  ]);
  expect((await add(door.browser, 'Bert', 'viewer', 'bertbertbert')).status).toBe(400);
});

test('the last administrator can be neither removed nor demoted', async () => {
  await using door = await withAnna();
  const { browser, anna } = door;
  expect((await browser.call('DELETE', `/api/v1/users/${anna.id}`)).status).toBe(409);
  expect((await browser.call('PATCH', `/api/v1/users/${anna.id}`, { role: 'viewer' })).status).toBe(409);
  await add(browser, 'Bert', 'administrator');
  expect((await browser.call('PATCH', `/api/v1/users/${anna.id}`, { role: 'viewer' })).status).toBe(200);
});

test('two administrators who remove each other leave one', async () => {
  await using door = await withAnna();
  const bert = await add(door.browser, 'Bert', 'administrator');
  const other = aBrowser(door.address);
  await other.call('POST', '/api/v1/session', { name: 'Bert', password: PASSWORD });
  const answers = await Promise.all([
    door.browser.call('DELETE', `/api/v1/users/${bert.body.id}`),
    other.call('DELETE', `/api/v1/users/${door.anna.id}`),
  ]);
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  expect(await db.query("select 1 from users where role = 'administrator'")).toHaveLength(1);
});

test('a user who is demoted, removed or given a new password is out at once', async () => {
  await using door = await withAnna();
  for (const change of [{ role: 'operator' }, { password: 'quite another sentence' }, undefined]) {
    const made = await add(door.browser, 'Bert', 'engineer');
    const bert = aBrowser(door.address);
    await bert.call('POST', '/api/v1/session', { name: 'Bert', password: PASSWORD });
    await bert.call('GET', '/api/v1/session');
    await door.browser.call(
      change === undefined ? 'DELETE' : 'PATCH',
      `/api/v1/users/${made.body.id}`,
      change,
    );
    expect((await bert.call<SessionState>('GET', '/api/v1/session')).body.user).toBeNull();
    await door.browser.call('DELETE', `/api/v1/users/${made.body.id}`);
  }
});

test('changing the own password needs the old one, and ends the other sessions', async () => {
  await using door = await withAnna();
  const elsewhere = aBrowser(door.address);
  const signIn = (password: string) =>
    elsewhere.call('POST', '/api/v1/session', { name: 'Anna', password }).then(({ status }) => status);
  expect(await signIn(PASSWORD)).toBe(200);
  const change = (old: string) =>
    door.browser
      .call('PUT', '/api/v1/session/password', { old, new: 'quite another sentence' })
      .then(({ status }) => status);
  expect(await change('not the old one')).toBe(401);
  expect(await change(PASSWORD)).toBe(204);
  const who = async (browser: Browser) =>
    (await browser.call<SessionState>('GET', '/api/v1/session')).body.user?.name;
  expect([await who(door.browser), await who(elsewhere)]).toEqual(['Anna', undefined]);
  expect(await signIn('quite another sentence')).toBe(200);
});

test('nothing in the database is a secret of a session', async () => {
  await using door = await withAnna();
  const [row] = await db.query<{ hash: Buffer }>('select hash from sessions');
  expect(row?.hash.toString('base64url')).toHaveLength(43);
  expect(door.browser.cookie).not.toContain(row?.hash.toString('base64url'));
});

test('a token is shown once, opens what its role may, and is dead once revoked', async () => {
  await using door = await withAnna();
  const { browser, address } = door;
  const issued = await browser.call<IssuedToken>('POST', '/api/v1/tokens', {
    name: 'historian',
    role: 'viewer',
  });
  const { secret, token } = issued.body;
  expect([issued.status, secret]).toEqual([201, expect.stringMatching(/^pst_[0-9a-f]{12}_[\w-]{43}$/)]);
  const program = aBrowser(address);
  const asProgram = (target: string) =>
    program.call<SessionState>('GET', target, undefined, { authorization: `Bearer ${secret}` });
  expect((await asProgram('/api/v1/session')).body.user).toMatchObject({
    name: 'token historian',
    role: 'viewer',
  });
  expect((await asProgram('/api/v1/users')).status).toBe(403);
  const list = await browser.call<Page<TokenView>>('GET', '/api/v1/tokens');
  expect(list.body.items).toMatchObject([
    { name: 'historian', createdBy: 'Anna', usedAt: expect.any(String) as string },
  ]);
  expect(JSON.stringify(list.body)).not.toContain(secret.slice(17));
  expect((await browser.call('DELETE', `/api/v1/tokens/${token.id}`)).status).toBe(204);
  expect((await asProgram('/api/v1/users')).status).toBe(401);
});

test('a token that is forged, spent or nonsense is refused', async () => {
  let now = Date.now();
  await using door = await withAnna({ now: () => now });
  const expiresAt = new Date(now + 60_000).toISOString();
  const { body } = await door.browser.call<IssuedToken>('POST', '/api/v1/tokens', {
    ...{ name: 'short', role: 'administrator', expiresAt },
  });
  const asProgram = async (token: string) =>
    (
      await aBrowser(door.address).call('GET', '/api/v1/users', undefined, {
        authorization: `Bearer ${token}`,
      })
    ).status;
  expect(await asProgram(body.secret)).toBe(200);
  expect(await asProgram(`${body.secret.slice(0, -4)}AAAA`)).toBe(401);
  expect(await asProgram(`pst_000000000000_${'A'.repeat(43)}`)).toBe(401);
  expect(await asProgram('nonsense')).toBe(401);
  now += 60_001;
  expect(await asProgram(body.secret)).toBe(401);
  const past = await door.browser.call('POST', '/api/v1/tokens', { name: 'x', role: 'viewer', expiresAt });
  expect(past.status).toBe(400);
});

test('a token goes on working while the database is away', async () => {
  const { db: switched, power } = withSwitch(db);
  await using door = await withAnna({ db: switched });
  const { body } = await door.browser.call<IssuedToken>('POST', '/api/v1/tokens', {
    name: 'h',
    role: 'viewer',
  });
  const who = () =>
    aBrowser(door.address).call<SessionState>('GET', '/api/v1/session', undefined, {
      authorization: `Bearer ${body.secret}`,
    });
  await who();
  power.on = false;
  expect((await who()).body.user?.name).toBe('token h');
});

test('each change is in the audit trail with who, what, old, new and from where', async () => {
  await using door = await withAnna();
  const { browser } = door;
  const bert = await add(browser, 'Bert', 'viewer');
  await browser.call('PATCH', `/api/v1/users/${bert.body.id}`, {
    role: 'operator',
    password: 'quite another sentence',
  });
  const trail = await browser.call<Page<AuditEntry>>('GET', '/api/v1/audit?action=change%20a%20user&limit=1');
  expect(trail.body.items).toMatchObject([
    {
      ...{ who: 'Anna', action: 'change a user', subject: 'Bert', result: 'done', address: '127.0.0.1' },
      old: { role: 'viewer' },
      new: { role: 'operator', password: 'changed' },
    },
  ]);
  expect(trail.body.items[0]?.correlationId).toMatch(/^[\w-]{36}$/);
});

test('the audit trail can be neither changed nor shortened', async () => {
  for (const sql of ['update audit set who = null', 'delete from audit', 'truncate audit'])
    await expect(db.query(sql)).rejects.toThrow('only ever added to');
});
