import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../../platform/database/db.ts';
import { inviteAgain, revoke } from '../../sync/central/fleet.ts';
import { selectSummary } from '../../sync/central/store/sites.ts';
import { enrol } from '../../sync/edge/enrol.ts';
import { openHttp } from '../../sync/edge/http.ts';
import { enqueueEvent, enqueueReadings } from '../../sync/edge/store/outbox.ts';
import { countWaiting } from '../../sync/edge/store/sending.ts';
import { aBadLine } from '../support/centre.ts';
import type { Fate } from '../support/centre.ts';
import { aFolder } from '../support/folder.ts';
import { aLine, arrived, collect, invited, soon } from '../support/line.ts';
import type { Line } from '../support/line.ts';
import { anAlarm, readingsOf, START } from '../support/sync.ts';

const { signal } = new AbortController();
let line: Line;
let edge: Database;
let central: Database;
beforeAll(async () => {
  line = await aLine();
  ({ edge, central } = line);
});
afterAll(() => line[Symbol.asyncDispose]());
beforeEach(() => line.renew());

test('a new site enrols itself, sends its dictionary when asked, and all that waited arrives', async () => {
  const { site, token } = await invited(central);
  await collect(edge, 5);
  const link = line.linkTo(line.centre.address, { token });
  await arrived(line, 50);
  await vi.waitFor(() =>
    expect(link.state()).toMatchObject({ state: 'connected', waiting: 0, lastError: null }),
  );
  expect(await selectSummary(central, site)).toMatchObject({ tags: 1, readings: 50 });
  expect((await stat(join(line.folder, 'site.key'))).mode & 0o777).toBe(0o600);
});

test('over a line that loses, doubles and delays requests and answers, nothing is lost and nothing doubled', async () => {
  const fates: Fate[] = ['well', 'lost', 'lost ack', 'twice', 'late', 'well', 'lost ack', 'late'];
  let n = 0;
  await using bad = await aBadLine(
    () => line.centre.address,
    (target) => (target.includes('/streams/') ? fates[n++ % fates.length]! : 'well'),
  );
  const { site, token } = await invited(central);
  line.linkTo(bad.address, { token });
  for (let i = 0; i < 3; i++) await collect(edge, 10, START + i * 1_000_000);
  await arrived(line, 300);
  expect((await selectSummary(central, site))!.readings).toBe(300);
  expect(new Set(bad.seen.map(({ fate }) => fate))).toEqual(new Set(fates));
});

test('a centre that ends and comes back finds all that was collected meanwhile', async () => {
  const { token } = await invited(central);
  const link = line.linkTo(line.centre.address, { token });
  await collect(edge, 3);
  await arrived(line, 30);
  await line.restartCentre(async () => {
    await collect(edge, 20, START + 1_000_000);
    await vi.waitFor(() => expect(link.state().state).toBe('away'), soon);
    expect(link.state().lastError).toMatch(/did not answer/);
  });
  await arrived(line, 230);
  expect(link.state().state).toBe('connected');
});

test('a gateway that restarts goes on as the same site, without a token', async () => {
  const { site, token } = await invited(central);
  const link = line.linkTo(line.centre.address, { token });
  await vi.waitFor(() => expect(link.state().state).toBe('connected'), soon);
  await line.endLinks();
  await collect(edge, 4);
  line.linkTo(line.centre.address);
  await arrived(line, 40);
  expect((await selectSummary(central, site))!.readings).toBe(40);
});

test('the link starts while the centre is away, and without enrolment says so', async () => {
  const nowhere = line.linkTo('http://127.0.0.1:9');
  await vi.waitFor(() => expect(nowhere.state()).toMatchObject({ state: 'not enrolled' }), soon);
  const away = line.linkTo('http://127.0.0.1:9', { token: 'a-token-of-enough-length' });
  await vi.waitFor(() => expect(away.state().lastError).toMatch(/did not answer/), soon);
  expect(away.state().state).toBe('away');
});

test('a token enrols one gateway: the same one again if the answer was lost, another one never', async () => {
  const { site, token } = await invited(central);
  await using other = await aFolder();
  using http = openHttp(new URL(line.centre.address));
  const first = await enrol(http, line.folder, token, signal);
  expect(first.site).toBe(site);
  expect(await enrol(http, line.folder, token, signal)).toEqual(first);
  await expect(enrol(http, other.path, token, signal)).rejects.toThrow(/used by another gateway/);
});

test('a revoked site is refused and says so, and comes back with a new token', async () => {
  const { site, token } = await invited(central);
  const link = line.linkTo(line.centre.address, { token });
  await vi.waitFor(() => expect(link.state().state).toBe('connected'), soon);
  await revoke(central, site);
  await collect(edge, 1);
  await vi.waitFor(() => expect(link.state()).toMatchObject({ state: 'not enrolled' }), soon);
  expect(link.state().lastError).toMatch(/revoked/);
  await line.endLinks();
  const again = await inviteAgain(central, site);
  const renewed = line.linkTo(line.centre.address, { token: again.token });
  await arrived(line, 10);
  expect(renewed.state().state).toBe('connected');
});

test('a gateway whose database was restored from a backup counts anew, and what it collected since arrives', async () => {
  const { site, token } = await invited(central);
  line.linkTo(line.centre.address, { token });
  await collect(edge, 5);
  await arrived(line, 50);
  await line.endLinks();
  await edge.query(`update sync_streams set next_seq = 3 where stream = 'readings'`);
  await collect(edge, 4, START + 1_000_000);
  line.linkTo(line.centre.address);
  await arrived(line, 90);
  expect((await selectSummary(central, site))!.readings).toBe(90);
});

test('a gateway that is enrolled at a centre that knows nothing of it starts from its first waiting segment', async () => {
  const { token } = await invited(central);
  line.linkTo(line.centre.address, { token });
  await collect(edge, 5);
  await arrived(line, 50);
  await line.endLinks();
  await central.query(`truncate readings`);
  const elsewhere = await invited(central);
  await collect(edge, 3, START + 1_000_000);
  line.linkTo(line.centre.address, { token: elsewhere.token });
  await arrived(line, 30);
  expect((await selectSummary(central, elsewhere.site))!.arrived_to?.getTime()).toBe(START + 1_029_000);
});

test('readings of a tag that was deleted meanwhile arrive all the same', async () => {
  const { site, token } = await invited(central);
  await edge.transaction((tx) => enqueueReadings(tx, readingsOf(77, 3)));
  line.linkTo(line.centre.address, { token });
  await arrived(line, 3);
  const names = await central.query(`select name from site_tags where site = $1 and site_tag = 77`, [site]);
  expect(names).toEqual([{ name: 'deleted tag 77' }]);
});

test('alarms arrive in their order', async () => {
  const { site, token } = await invited(central);
  const alarm = anAlarm();
  for (const state of ['active', 'acknowledged', 'normal'] as const)
    await edge.transaction((tx) => enqueueEvent(tx, { ...alarm, state }));
  line.linkTo(line.centre.address, { token });
  await vi.waitFor(async () => expect(await countWaiting(edge)).toBe(0), soon);
  expect(
    await central.query(`select state from site_alarm_changes where site = $1 order by id`, [site]),
  ).toEqual([{ state: 'active' }, { state: 'acknowledged' }, { state: 'normal' }]);
});

test('a centre that is not on this machine must be reached by https', () => {
  expect(() => line.linkTo('http://centre.example:8090')).toThrow(/https/);
});
