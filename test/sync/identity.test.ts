import { readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../../platform/database/db.ts';
import { clockState, contact } from '../../sync/central/contact.ts';
import { selectEvents } from '../../sync/central/store/events.ts';
import { selectSite, selectSummary } from '../../sync/central/store/sites.ts';
import { aLine, arrived, collect, invited, soon } from '../support/line.ts';
import type { Line } from '../support/line.ts';
import { aSite, START } from '../support/sync.ts';

let line: Line;
let edge: Database;
let central: Database;
beforeAll(async () => {
  line = await aLine();
  ({ edge, central } = line);
});
afterAll(() => line[Symbol.asyncDispose]());
beforeEach(() => line.renew());

const events = async (site: string) =>
  (await selectEvents(central, site, { limit: 10, offset: 0 })).rows.map(({ kind }) => kind);
const connected = (link: ReturnType<Line['linkTo']>) =>
  vi.waitFor(() => expect(link.state().state).toBe('connected'), soon);

const ONE = '00000000-0000-4000-8000-000000000001';
const OTHER = '00000000-0000-4000-8000-000000000002';
const call = (instance: string, n: number, more = {}) => ({
  ...{
    instance,
    call: n,
    leaving: false,
    sentAt: 1_000_000,
    roundTripMs: 20,
    synchronised: true,
    version: '1',
  },
  ...more,
});

test('a second gateway with the same identity is refused while the first is heard, and told of once', async () => {
  const site = await aSite(central);
  await contact(central, site, call(ONE, 1), 1_000_000);
  await expect(contact(central, site, call(OTHER, 1), 1_060_000)).rejects.toThrow(/Another gateway/);
  await expect(contact(central, site, call(OTHER, 2), 1_070_000)).rejects.toThrow(/Another gateway/);
  await contact(central, site, call(ONE, 2), 1_080_000);
  expect(new Set(await events(site))).toEqual(new Set(['two gateways']));
});

test('another gateway takes the place of one that has left, or is not heard any more', async () => {
  const site = await aSite(central);
  await contact(central, site, call(ONE, 1, { leaving: true }), 1_000_000);
  await contact(central, site, call(OTHER, 1), 1_001_000);
  await contact(central, site, call(ONE, 2), 1_400_000);
  expect(await events(site)).toEqual(['another gateway']);
});

test('a copy of a gateway is noticed by what it has called before', async () => {
  const site = await aSite(central);
  await contact(central, site, call(ONE, 7), 1_000_000);
  await expect(contact(central, site, call(ONE, 7), 1_001_000)).rejects.toThrow(/came before/);
  expect(await events(site)).toEqual(['copied']);
});

test("a site's clock is measured by each call, and marked where it is far off or not synchronised", async () => {
  const site = await aSite(central);
  await contact(central, site, call(ONE, 1, { sentAt: 1_000_000 + 90_000 }), 1_000_000);
  const { clock_ahead_ms } = (await selectSummary(central, site))!;
  expect(clock_ahead_ms).toBeCloseTo(90_010, 5);
  expect([clockState(90_010, true), clockState(3, false), clockState(3, null), clockState(3, true)]).toEqual([
    'wrong',
    'wrong',
    'unknown',
    'right',
  ]);
});

test('a site whose database is an older copy of itself takes an instance of its own, and all it has arrives', async () => {
  const { site, token } = await invited(central);
  await collect(edge, 2);
  await connected(line.linkTo(line.centre.address, { token }));
  await arrived(line, 20);
  await line.endLinks();
  const instance = () => edge.query<{ instance: string }>(`select instance from sync_inbox`);
  const before = await instance();
  await edge.query(`update sync_inbox set calls = 0`);
  await collect(edge, 2, START + 1_000_000);
  line.linkTo(line.centre.address);
  await arrived(line, 40);
  expect(await instance()).not.toEqual(before);
  expect(await events(site)).toEqual(['another gateway', 'copied']);
});

test('a site changes its key by itself once it is old, and goes on under the new one', async () => {
  const { site, token } = await invited(central);
  await connected(line.linkTo(line.centre.address, { token }));
  await line.endLinks();
  const file = join(line.folder, 'site.key');
  const before = await readFile(file, 'utf8');
  const { publicKey } = (await selectSite(central, site))!;
  await utimes(file, new Date(), new Date(Date.now() - 200 * 86_400_000));
  await collect(edge, 1);
  await connected(line.linkTo(line.centre.address));
  await arrived(line, 10);
  expect(await readFile(file, 'utf8')).not.toBe(before);
  const after = (await selectSite(central, site))!;
  expect(after.publicKey).not.toBe(publicKey);
  expect(after.nextPublicKey).toBeNull();
  const audit = await central.query(
    `select action from audit where action like '%of a site' or action like 'enrol%'`,
  );
  expect(audit).toContainEqual({ action: 'change the key of a site' });
  expect(audit).toContainEqual({ action: 'enrol a site' });
});
