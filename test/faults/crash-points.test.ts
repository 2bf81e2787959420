import { expect, test, vi } from 'vitest';
import { insertModel } from '../../gateway/store/models.ts';
import type { TagId } from '../../history/reading.ts';
import { crashPoints } from '../../platform/crash/point.ts';
import type { CrashPoint } from '../../platform/crash/point.ts';
import { expectNothingLost } from '../support/crash-checks.ts';
import { aSiteToKill } from '../support/crash-site.ts';
import type { SiteToKill } from '../support/crash-site.ts';
import { say, untilUp } from '../support/daemon.ts';
import type { Daemon } from '../support/daemon.ts';
import { aDevice } from '../support/field.ts';
import { aModel } from '../support/forecasting.ts';

const soon = { timeout: 60_000, interval: 20 };
const A_GOOD_MANY = 300;
const SENT = 11;
const WRITTEN = 12;

type OfCommands = Extract<CrashPoint, `backup.${string}` | `restore.${string}`>;
type OfDaemon = Exclude<CrashPoint, OfCommands | `training.${string}`>;

/** How the gateway is brought to a point where nothing but load does not bring it there. */
interface Way {
  /** It is killed when it comes there for the n-th time. */
  readonly times?: number;
  readonly before?: (site: SiteToKill) => Promise<unknown>;
  readonly provoke?: (site: SiteToKill) => Promise<unknown>;
  readonly after?: (site: SiteToKill) => Promise<unknown>;
}

const cutOff: Way = {
  times: 2,
  provoke: ({ line }) => line.cut(),
  after: ({ line }) => line.restore(),
};
const retain: Way = {
  async provoke({ mqttPort, password }) {
    const device = await aDevice(mqttPort, password);
    device.publish('t/name', String(performance.now()), { qos: 1, retain: true });
    await expect.poll(() => device.connected, soon).toBe(false);
    device.end(true);
  },
};
const command = (value: number): Way => ({
  async provoke(site) {
    await site.connected();
    const browser = await site.signIn();
    const [row] = await site.db.query<{ id: number }>(`select id from tags where name = 'set-point'`);
    const { status, body } = await browser.call<{ command: { id: string }; token: string }>(
      ...(['POST', '/api/v1/commands', { tag: row?.id, value }] as const),
    );
    expect({ status, body }).toMatchObject({ status: 201 });
    const { id } = body.command;
    const confirming = browser.call('POST', `/api/v1/commands/${id}/confirm`, { token: body.token });
    await expect(confirming).rejects.toThrow('fetch failed');
  },
});
const activate: Way = {
  async provoke(site) {
    const { db } = site;
    const [row] = await db.query<{ id: TagId }>(`select id from tags where name = 'a'`);
    const placement = { tag: row!.id, origin: 'site', training: null, trainedAt: new Date() } as const;
    const [active, shadow] = [aModel(), aModel()];
    await insertModel(db, active, { ...placement, state: 'active' });
    await insertModel(db, shadow, { ...placement, state: 'shadow' });
    const browser = await site.signIn();
    const activating = browser.call('POST', `/api/v1/models/${shadow.id}/activation`);
    await expect(activating).rejects.toThrow('fetch failed');
    const inForce = await db.query(`select id from models where tag_id = $1 and state = 'active'`, [row!.id]);
    expect(inForce).toEqual([{ id: active.id }]);
  },
};

const ways: Readonly<Record<OfDaemon, Way>> = {
  'migration.applied': { times: 5 },
  'commit.before': { times: 8 },
  'commit.after': { times: 8 },
  'alarm.stored': { times: 4 },
  'outbox.frozen': { times: 8 },
  'outbox.acknowledged': { times: 4 },
  'spool.created': { ...cutOff, times: 1 },
  'spool.before_sync': cutOff,
  'spool.after_sync': cutOff,
  // Each of these finds in the spool what the round before has left there.
  'quarantine.added': { before: (site) => site.litter() },
  'replay.stored': {},
  'spool.removed': {},
  'held.kept': { times: 3 },
  'broker.logged': retain,
  'command.sent': command(SENT),
  'command.written': command(WRITTEN),
  'model.retired': activate,
  'model.switched': activate,
};

/** Starts it armed, brings it to the point, and waits until it has died there and of nothing else. */
async function killAt(site: SiteToKill, point: OfDaemon): Promise<number> {
  const { times, before, provoke, after } = ways[point];
  await before?.(site);
  const begun = performance.now();
  const gateway = site.start(point, times);
  const { process } = gateway;
  const over = () => process.signalCode ?? process.exitCode;
  let up = Infinity;
  const bring = async () => {
    await untilUp(gateway);
    up = performance.now() - begun;
    await provoke?.(site);
  };
  // What the round before has left may bring it there before it is up.
  await bring().catch((err: unknown) => {
    if (over() === null) throw err;
  });
  await vi.waitFor(() => {
    if (over() === null) throw new Error(`${point} was not reached:\n${gateway.output().slice(-4_000)}`);
  }, soon);
  expect({ point, signal: process.signalCode, said: gateway.output() }).toMatchObject({
    ...{ point, signal: 'SIGKILL' },
    said: expect.stringContaining(`Killed at the crash point ${point}.`) as string,
  });
  await after?.(site);
  return up;
}

const isOfDaemon = (point: CrashPoint): point is OfDaemon => point in ways;

test(
  'a gateway that is killed at each of its crash points loses and doubles nothing, here and at the centre',
  { timeout: 600_000 },
  async () => {
    const site = await aSiteToKill();
    const starts: number[] = [];
    for (const point of crashPoints.filter(isOfDaemon)) starts.push(await killAt(site, point));

    const gateway: Daemon = site.start();
    await untilUp(gateway);
    await site.works(A_GOOD_MANY);
    const browser = await site.signIn();
    const { body } = await browser.call<{ items: { value: number; state: string }[] }>(
      ...(['GET', '/api/v1/commands'] as const),
    );
    const told = await expectNothingLost(site, gateway);
    // What was on record as sent may or may not be done: nobody knows, and nothing is written twice.
    expect(site.written).toEqual([WRITTEN]);
    expect(body.items.map(({ value, state }) => [value, state])).toEqual([
      [WRITTEN, 'unverified'],
      [SENT, 'unverified'],
    ]);
    const measured = starts.filter((ms) => ms < Infinity).sort((a, b) => a - b);
    say(
      `crash points: killed at ${starts.length}; ${told} acknowledged, 0 lost; up again after ${measured[Math.floor(measured.length / 2)]?.toFixed(0)} ms (at most ${measured.at(-1)?.toFixed(0)})`,
    );
  },
);
