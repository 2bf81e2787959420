import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { WriteOrder } from '../../../collectors/collector.ts';
import { createCommands } from '../../../gateway/commands/commands.ts';
import type { By, Commands } from '../../../gateway/commands/commands.ts';
import { turnsOfSources } from '../../../gateway/commands/turns.ts';
import type { Tag } from '../../../gateway/plant/tag.ts';
import { selectPlant } from '../../../gateway/store/plant.ts';
import type { Database } from '../../../platform/database/db.ts';
import { anActor, withSwitch } from '../../support/access.ts';
import { aPlantDatabase } from '../../support/models.ts';
import { silent } from '../../support/web.ts';

let real: Database;
let power: { on: boolean };
let commands: Commands;
let tag: Tag;
let write: (orders: readonly WriteOrder[]) => void;
const turnOf = turnsOfSources();
const by: By = {
  user: { id: '1', name: 'ada', role: 'engineer', kind: 'person' },
  actor: anActor({ who: 'ada' }),
};

beforeAll(async () => {
  real = await aPlantDatabase(['SP-1']);
  let db: Database;
  ({ db, power } = withSwitch(real));
  const settings = { range: [0, 100] as [number, number], minIntervalMs: 0, role: 'operator' as const };
  tag = { ...(await selectPlant(real))!.tags[0]!, write: settings };
  const device = {
    write: (orders: readonly WriteOrder[]) => {
      write(orders);
      return Promise.resolve(
        orders.map((order) => ({ tag: order.tag, state: 'verified' as const, readBack: order.value })),
      );
    },
  };
  const reach = { tag: () => tag, newest: () => null, device: () => device };
  commands = createCommands({ db, reach, turnOf, log: silent });
});
afterAll(() => real[Symbol.asyncDispose]());
beforeEach(() => {
  power.on = true;
  write = vi.fn<typeof write>();
});

const prepare = () => commands.prepare({ tag: tag.id, value: 55, comment: '' }, by);
const stateOf = async (id: string) => {
  const { items } = await commands.list({ tag: null, limit: 100, offset: 0 });
  return items.find((command) => command.id === id);
};
const blink = () => {
  power.on = false;
  setTimeout(() => (power.on = true), 50);
};

test('while nothing can be recorded nothing is sent', async () => {
  const { command, token } = await prepare();
  power.on = false;
  await expect(prepare()).rejects.toThrow('connect');
  await expect(commands.confirm(command.id, token, by)).rejects.toThrow('connect');
  expect(write).not.toHaveBeenCalled();
});

test('a command that was confirmed and cannot be begun has failed, and nothing was sent', async () => {
  let over: () => void = () => undefined;
  const busy = turnOf(tag.source)(() => new Promise<void>((resolve) => (over = resolve)));
  const { command, token } = await prepare();
  const confirmed = commands.confirm(command.id, token, by);
  const redeemed = () => real.query('select from commands where id = $1 and token is null', [command.id]);
  await vi.waitFor(async () => expect(await redeemed()).toHaveLength(1), 5_000);
  blink();
  over();
  await busy;
  const failed = { state: 'failed', why: 'It could not be put on record. Nothing was sent.' };
  expect(await confirmed).toMatchObject(failed);
  expect(write).not.toHaveBeenCalled();
  expect(await stateOf(command.id)).toMatchObject(failed);
});

test('how a command ended is recorded when the database is back', async () => {
  write = blink;
  const { command, token } = await prepare();
  expect(await commands.confirm(command.id, token, by)).toMatchObject({ state: 'verified' });
  await vi.waitFor(async () => expect((await stateOf(command.id))?.state).toBe('verified'), 5_000);
});
