import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { WriteOrder, WriteOutcome } from '../../../collectors/collector.ts';
import { CommandView, PreparedCommand } from '../../../gateway/api/commands.ts';
import { createCommands } from '../../../gateway/commands/commands.ts';
import { turnsOfSources } from '../../../gateway/commands/turns.ts';
import { commandRoutes } from '../../../gateway/routes/commands.ts';
import { Unable } from '../../../gateway/runtime/ask.ts';
import { selectPlant } from '../../../gateway/store/plant.ts';
import type { Tag } from '../../../gateway/plant/tag.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import { ProblemBody } from '../../../platform/api/problem.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Web } from '../../../platform/web/web.ts';
import { aPlantDatabase } from '../../support/models.ts';
import { aReading } from '../../support/readings.ts';
import { aWeb, silent } from '../../support/web.ts';

let db: Database;
let web: Web;
let tag: Tag;
let isThere = true;
let clock = 0;
/** What reached the device, and how it behaves. */
const sent: WriteOrder[] = [];
let device: (orders: readonly WriteOrder[]) => Promise<readonly WriteOutcome[]>;

const reach = {
  tag: (id: number) => (id === tag.id && isThere ? tag : undefined),
  newest: () => aReading({ tag: tag.id, value: 50 }),
  device: () => ({ write: (orders: readonly WriteOrder[]) => device(orders) }),
};
const start = () => createCommands({ db, reach, turnOf: turnsOfSources(), log: silent, now: () => clock });

beforeAll(async () => {
  db = await aPlantDatabase(['SP-1']);
  const write = { range: [0, 100] as [number, number], minIntervalMs: 1000, role: 'operator' as const };
  tag = { ...(await selectPlant(db))!.tags[0]!, scale: { factor: 0.1, offset: 0 }, write };
  web = await aWeb({ routes: commandRoutes(start()) });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});
beforeEach(async () => {
  isThere = true;
  await db.query('truncate commands');
  sent.length = 0;
  clock = Date.now();
  device = (orders) => {
    sent.push(...orders);
    return Promise.resolve(
      orders.map((order) => ({ tag: order.tag, state: 'verified', readBack: order.value })),
    );
  };
});

async function ask(role: string, path: string, body?: object, method = body === undefined ? 'GET' : 'POST') {
  const answer = await fetch(`${web.address}/api/v1/commands${path}`, {
    method,
    headers: { authorization: `Bearer ${role}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as unknown };
}
const prepare = async (value = 55, role = 'operator') =>
  PreparedCommand.parse((await ask(role, '', { tag: tag.id, value, comment: 'colder' })).body);
const confirm = ({ command, token }: PreparedCommand, role = 'operator') =>
  ask(role, `/${command.id}/confirm`, { token });
const stateOf = async (id: string) =>
  ((await ask('viewer', '')).body as { items: CommandView[] }).items.find((command) => command.id === id);
const detailOf = (body: unknown) => ProblemBody.parse(body).detail;

test('a command is prepared, confirmed, sent in the device’s scale, and verified', async () => {
  const prepared = await prepare(12.3);
  expect(sent).toEqual([]);
  expect(prepared.command).toMatchObject({ state: 'prepared', before: 50, value: 12.3, by: 'operator' });
  const { status, body } = await confirm(prepared);
  expect(status).toBe(200);
  expect(body).toMatchObject({ state: 'verified', readBack: 12.3, why: null });
  expect(sent).toEqual([{ tag: tag.id, value: 123 }]);
  expect(await stateOf(prepared.command.id)).toEqual(body);
});

test('each step has an audit record with who, from where, old and new value', async () => {
  const { command, ...rest } = await prepare(60);
  await confirm({ command, ...rest });
  const { items } = await selectAudit(db, { limit: 4, offset: 0 });
  expect(items.map(({ action }) => action).reverse()).toEqual([
    'prepare a command',
    'confirm a command',
    'send a command',
    'command verified',
  ]);
  for (const item of items) {
    expect(item).toMatchObject({
      who: 'operator',
      subject: 'SP-1',
      old: 50,
      new: { command: command.id, value: 60 },
    });
    expect(item.address).toContain('127.0.0.1');
  }
});

test('a token is good once, for the user it was shown to, and for 30 seconds', async () => {
  const used = await prepare();
  await confirm(used);
  expect((await confirm(used)).status).toBe(409);
  clock += 2000;
  const own = await prepare();
  expect((await confirm(own, 'engineer')).status).toBe(403);
  expect((await confirm({ ...own, token: 'guessed' })).status).toBe(403);
  clock += 30_001;
  const late = await confirm(own);
  expect([late.status, detailOf(late.body)]).toEqual([
    409,
    'The time to confirm this command is over. Prepare it again.',
  ]);
  expect(sent).toHaveLength(1);
  expect(await stateOf(own.command.id)).toMatchObject({ state: 'expired' });
  const [row] = await db.query<{ text: string }>(`select string_agg(c::text, '') as text from commands c`);
  expect(row?.text).not.toContain(own.token);
});

test('a withdrawn command cannot be confirmed', async () => {
  const prepared = await prepare();
  expect((await ask('operator', `/${prepared.command.id}`, undefined, 'DELETE')).status).toBe(204);
  expect((await confirm(prepared)).status).toBe(409);
  expect(await stateOf(prepared.command.id)).toMatchObject({ state: 'withdrawn' });
});

test('what the rules forbid is refused at once, and on record', async () => {
  const { status, body } = await ask('operator', '', { tag: tag.id, value: 101 });
  expect([status, detailOf(body)]).toEqual([422, expect.stringContaining('not between 0 and 100')]);
  expect((await ask('viewer', '', { tag: tag.id, value: 5 })).status).toBe(403);
  expect((await ask('operator', '', { tag: 999_999, value: 5 })).status).toBe(404);
  const { items } = await selectAudit(db, { limit: 1, offset: 0 });
  expect(items).toMatchObject([{ action: 'prepare a command', result: 'refused', new: { value: 101 } }]);
});

test('what is true no more when it is confirmed is not sent', async () => {
  const [first, second] = [await prepare(51), await prepare(52)];
  await confirm(first);
  expect((await confirm(second)).body).toMatchObject({
    state: 'refused',
    why: expect.stringContaining('a moment ago') as string,
  });
  expect(sent).toHaveLength(1);
});

test.each([
  [
    'a device that refuses',
    () => Promise.resolve([{ tag: tag.id, state: 'refused' as const, why: 'Bad_OutOfRange' }]),
    'refused',
  ],
  [
    'a device that shows another value',
    () => Promise.resolve([{ tag: tag.id, state: 'unverified' as const, readBack: 500, why: 'It has 500.' }]),
    'unverified',
  ],
  ['a device that is not there', () => Promise.reject(new Error('There is no link.')), 'failed'],
  [
    'a source that does not run',
    () => Promise.reject(new Unable('not running', 'Start it first.')),
    'failed',
  ],
  [
    'a device that does not answer',
    () => Promise.reject(new Unable('no answer', 'Nothing within 15 s.')),
    'unverified',
  ],
] as const)('%s: the command ends as what is certain', async (_, behaviour, state) => {
  device = behaviour;
  const prepared = await prepare();
  const { body } = await confirm(prepared);
  expect(body).toMatchObject({ state, why: expect.stringMatching(/./) as string });
  expect(await stateOf(prepared.command.id)).toMatchObject({ state });
});

test('one command at a time goes to a source', async () => {
  let open: () => void = () => undefined;
  let inside = 0;
  device = async (orders) => {
    expect(++inside).toBe(1);
    await new Promise<void>((resolve) => (open = resolve));
    inside--;
    return orders.map((order) => ({ tag: order.tag, state: 'verified', readBack: order.value }));
  };
  const [first, second] = [await prepare(51), await prepare(52)];
  const both = Promise.all([confirm(first), confirm(second)]);
  await vi.waitFor(() => expect(inside).toBe(1));
  clock += 2000;
  open();
  await vi.waitFor(async () => expect((await stateOf(first.command.id))?.state).toBe('verified'));
  await vi.waitFor(() => expect(inside).toBe(1));
  open();
  expect((await both).map(({ body }) => CommandView.parse(body).state)).toEqual(['verified', 'verified']);
});

test('a command whose tag is not there now is not used up', async () => {
  const prepared = await prepare();
  isThere = false;
  expect((await confirm(prepared)).status).toBe(404);
  isThere = true;
  expect((await confirm(prepared)).body).toMatchObject({ state: 'verified' });
});

test('a gateway that died between sent and verified says that it does not know', async () => {
  const [sentOne, waiting] = [await prepare(51), await prepare(52)];
  await db.query(`update commands set state = 'sent', token = null where id = $1`, [sentOne.command.id]);
  const { items } = await start().list({ tag: null, limit: 10, offset: 0 });
  const byId = new Map(items.map((command) => [command.id, command]));
  expect(byId.get(sentOne.command.id)).toMatchObject({
    state: 'unverified',
    why: expect.stringContaining('Look at the device') as string,
  });
  expect(byId.get(waiting.command.id)).toMatchObject({ state: 'expired' });
});
