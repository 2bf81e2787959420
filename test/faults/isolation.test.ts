import { BroadcastChannel } from 'node:worker_threads';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { hostStarter } from '../../gateway/runtime/host.ts';
import type { Database } from '../../platform/database/db.ts';
import { aDatabase } from '../support/database.ts';
import type { HostFault } from '../support/faulty-host-entry.ts';
import { aFieldPlant, compare, startField } from '../support/field.ts';
import { freePort } from '../support/foreign.ts';
import { rawDevice, reply } from '../support/modbus-device.ts';
import { gatewayMigrations } from '../support/models.ts';
import { aPlantAtWork, expectAllStored, longestGapMs } from '../support/plant-at-work.ts';

const PASSWORD = 'field-password';
const soon = { timeout: 40_000, interval: 50 };
/** Frozen is who does not answer for this long: shorter than in a plant. */
const PATIENCE = { pingMs: 200, loadMs: 60_000, frozenMs: 3_000 };
const startFaulty = hostStarter(new URL('../support/faulty-host-entry.ts', import.meta.url), PATIENCE);
const FAULTS: readonly HostFault[] = ['throws', 'exits', 'loops', 'eats its memory'];

let db: Database;
beforeAll(async () => {
  db = await aDatabase({ migrations: gatewayMigrations });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.query('truncate readings, losses');
});

/** A PLC that counts how often it is asked, and devices that publish numbered messages, which are acknowledged as they are safe. */
async function aSite(startHost = startFaulty) {
  const device = await rawDevice((request, socket, nth) => socket.write(reply(request, nth)));
  onTestFinished(() => device[Symbol.asyncDispose]());
  const mqttPort = await freePort();
  const { sources, tags, ...rest } = aFieldPlant(mqttPort);
  const press = { host: '127.0.0.1', port: device.port, pollMs: 100, timeoutMs: 1000 };
  const pressure = { name: 'P-1', area: 'Hall', source: 'press', expectedMs: 100, spike: false };
  const model = {
    ...rest,
    sources: [...sources, { name: 'press', protocol: 'modbus', config: press }],
    tags: [...tags, { ...pressure, address: { register: 7, type: 'uint16' } }],
  };
  const plant = await aPlantAtWork(db, model, { secrets: { field: PASSWORD }, startHost });
  onTestFinished(() => plant[Symbol.asyncDispose]());
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const field = startField(mqttPort, PASSWORD, stop.signal);
  return {
    ...plant,
    field,
    endField() {
      stop.abort();
      return field.ended;
    },
  };
}
type Site = Awaited<ReturnType<typeof aSite>>;

/** Waits until both protocols have delivered more than now. */
async function goOn({ field, ledgers }: Site): Promise<void> {
  const polled = () => ledgers().find(({ source }) => source === 'press')!.stored;
  const [acknowledged, before] = [field.acknowledged.size, polled()];
  await vi.waitFor(() => {
    expect(field.acknowledged.size).toBeGreaterThan(acknowledged + 50);
    expect(polled()).toBeGreaterThan(before + 5);
  }, soon);
}

function strike(protocol: 'modbus' | 'mqtt', fault: HostFault): void {
  const channel = new BroadcastChannel(`faults of ${protocol}`);
  channel.postMessage(fault);
  channel.close();
}

async function settle(site: Site): Promise<void> {
  await site.endField();
  await site.current[Symbol.asyncDispose]();
  await vi.waitFor(() => expectAllStored(site.ledgers(), db), soon);
  expect(await compare(db, site.field.acknowledged)).toEqual({ missing: [], doubled: [] });
}

test(
  'a driver thread that throws, exits, loops or eats its memory takes down its protocol for a moment, and no other loses anything',
  { timeout: 120_000 },
  async () => {
    const site = await aSite();
    await goOn(site);
    for (const fault of FAULTS) {
      const lost = site.losses('press');
      strike('modbus', fault);
      await vi.waitFor(() => expect(site.losses('press'), fault).toBeGreaterThan(lost), soon);
      await vi.waitFor(() => expect(site.view('press'), fault).toMatchObject({ state: 'connected' }), soon);
      await goOn(site);
    }
    expect(site.losses('field')).toBe(0);
    await settle(site);
    const missing = await db.query<{ source: string; cause: string }>(
      'select s.name as source, cause from losses l join sources s on s.id = l.source_id',
    );
    expect(new Set(missing.map(({ source }) => source))).toEqual(new Set(['press']));
    expect(missing.length).toBeGreaterThanOrEqual(FAULTS.length);
  },
);

test(
  'devices whose broker dies with its thread send again what was not acknowledged, and the polls of others go on',
  { timeout: 120_000 },
  async () => {
    const site = await aSite();
    await goOn(site);
    strike('mqtt', 'throws');
    await vi.waitFor(() => expect(site.losses('field')).toBe(1), soon);
    await goOn(site);
    expect(site.losses('press')).toBe(0);
    // A tag is shown as silent after three seconds (rule S1 of the displays): nobody saw a gap.
    expect(await longestGapMs(db, 'P-1')).toBeLessThan(3_000);
    await settle(site);
  },
);

test('a thread that hangs does not keep the gateway from ending', async () => {
  const entry = new URL('../support/faulty-host-entry.ts', import.meta.url);
  const patient = hostStarter(entry, { pingMs: 200, loadMs: 600_000, frozenMs: 600_000 });
  const site = await aSite(patient);
  await goOn(site);
  strike('modbus', 'loops');
  await vi.waitFor(() => expect(site.view('press').state).toBe('stale'), soon);
  await site.endField();
  await site.current[Symbol.asyncDispose]();
  await vi.waitFor(() => expectAllStored(site.ledgers(), db), soon);
});
