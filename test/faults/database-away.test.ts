import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aDatabaseAddress, requiredServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { health, say, startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import type { Daemon } from '../support/daemon.ts';
import { aFieldPlant, compare, startField } from '../support/field.ts';
import { freePort } from '../support/foreign.ts';
import { hold } from '../support/hold.ts';
import { untilBalanced } from '../support/ledger.ts';
import { aRelay } from '../support/relay.ts';

const A_GOOD_MANY = 500;
const log = createLog('test', 'silent');
const soon = { timeout: 60_000, interval: 50 };

/** A site whose database is at the other end of a relay, and a field that publishes to it. */
async function aSite() {
  const folder = hold(await aFolder());
  const address = hold(await aDatabaseAddress(requiredServer()));
  const url = new URL(address.url);
  const relay = hold(await aRelay(url.hostname, Number(url.port)));
  url.host = `127.0.0.1:${relay.port}`;

  const [port, mqttPort] = [await freePort(), await freePort()];
  const password = randomBytes(12).toString('hex');
  const plant = aFieldPlant(mqttPort);
  const config = await writeSite(folder.path, {
    ...{ port, database: url.href, plant },
    secrets: { field: password },
  });
  const stop = new AbortController();
  const field = startField(mqttPort, password, stop.signal);
  onTestFinished(() => stop.abort());

  return {
    relay,
    data: join(folder.path, 'data'),
    start: () => hold(startDaemon('gateway', config, port)),
    /** Waits until a good many more readings were acknowledged. */
    async moreArrive() {
      const before = field.acknowledged.size;
      await expect.poll(() => field.acknowledged.size, soon).toBeGreaterThan(before + A_GOOD_MANY);
    },
    /** Ends the field and, when its ledger balances, the gateway; compares what was acknowledged with what the database holds. */
    async settle(gateway: Daemon) {
      stop.abort();
      await field.ended;
      await untilBalanced(gateway, join(folder.path, 'data'));
      expect(await gateway.stop()).toBe(0);
      await using db = await openDatabase({ url: address.url, folder: 'unused', name: 'test', log });
      return await compare(db, field.acknowledged);
    },
  };
}

const status = (gateway: Daemon) => () => health(gateway.url).then(({ status: word }) => word);
const well = (gateway: Daemon) => expect.poll(status(gateway), soon).toBe('ok');

test.for(['cut', 'silence'] as const)(
  'a database that is away (%s) while data flows costs no acknowledged reading',
  async (how) => {
    const site = await aSite();
    const gateway = site.start();
    await untilUp(gateway);
    await site.moreArrive();
    await well(gateway);

    const gone = performance.now();
    await site.relay[how]();
    await expect.poll(status(gateway), soon).toBe('degraded');
    const noticed = performance.now() - gone;
    await site.moreArrive();
    expect((await health(gateway.url)).checks['store']?.message).toMatch(/batches wait in the spool/);

    const back = performance.now();
    await site.relay.restore();
    await well(gateway);
    const recovered = performance.now() - back;
    say(
      `database away (${how}): noticed after ${noticed.toFixed(0)} ms, well ${recovered.toFixed(0)} ms after its return`,
    );
    await site.moreArrive();
    expect(await site.settle(gateway)).toEqual({ missing: [], doubled: [] });
  },
);

test('a gateway whose plant is known collects while its database is away at start, and gets all of it in later', async () => {
  const site = await aSite();
  const first = site.start();
  await untilUp(first);
  await site.moreArrive();
  expect(await first.stop()).toBe(0);

  await site.relay.cut();
  const gateway = site.start();
  await site.moreArrive();
  expect(await health(gateway.url)).toMatchObject({
    status: 'degraded',
    checks: { database: { status: 'degraded' }, store: { status: 'degraded' }, sources: { status: 'ok' } },
  });
  await site.relay.restore();
  await well(gateway);
  expect(await site.settle(gateway)).toEqual({ missing: [], doubled: [] });
});

test('a gateway that ends while its database is away brings the readings in at its next start', async () => {
  const site = await aSite();
  const first = site.start();
  await untilUp(first);
  await site.moreArrive();
  await site.relay.cut();
  await site.moreArrive();
  expect(await first.stop()).toBe(0);

  const second = site.start();
  await site.moreArrive();
  await second.kill();
  await site.relay.restore();
  const third = site.start();
  await site.moreArrive();
  await well(third);
  expect(await site.settle(third)).toEqual({ missing: [], doubled: [] });
});

test('a gateway that knows no plant and has no database says so, and begins as soon as it answers', async () => {
  const site = await aSite();
  await site.relay.cut();
  const gateway = site.start();
  await untilUp(gateway);
  expect(await health(gateway.url)).toMatchObject({
    status: 'failing',
    checks: { sources: { message: expect.stringContaining('waits for its database') as string } },
  });
  await site.relay.restore();
  await well(gateway);
  await site.moreArrive();
  expect(await site.settle(gateway)).toEqual({ missing: [], doubled: [] });
});
