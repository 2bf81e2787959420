import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createAccounts } from '../../../gateway/accounts.ts';
import { LedgerView, LossView } from '../../../gateway/api/sources.ts';
import { createCurrent } from '../../../gateway/current.ts';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { ledgerRoutes } from '../../../gateway/routes/ledger.ts';
import { flushTo } from '../../../gateway/store/flush.ts';
import { selectPlant, upsertPlant } from '../../../gateway/store/plant.ts';
import { page } from '../../../platform/api/page.ts';
import { noOutbox } from '../../../sync/edge/store/outbox.ts';
import { aDatabase } from '../../support/database.ts';
import { rawDevice, reply } from '../../support/modbus-device.ts';
import { gatewayMigrations } from '../../support/models.ts';
import { aWeb, silent } from '../../support/web.ts';
import { aWriter, callable } from '../../support/writer.ts';

/** A gateway with one device, which can be cut off, and a database that can be called away. */
async function aSite() {
  const folder = await mkdtemp(join(tmpdir(), 'penstock-ledger-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const cable = { cut: false };
  const device = await rawDevice((request, socket) =>
    cable.cut ? socket.destroy() : socket.write(reply(request)),
  );
  onTestFinished(() => device[Symbol.asyncDispose]());
  const db = await aDatabase({ migrations: gatewayMigrations });
  onTestFinished(() => db[Symbol.asyncDispose]());
  const server = callable(db);
  const config = { host: '127.0.0.1', port: device.port, pollMs: 100, timeoutMs: 1000 };
  const tag = { name: 'P-1', area: 'Hall', source: 'press', expectedMs: 100, spike: false };
  const model = {
    site: { name: 'Works' },
    areas: [{ name: 'Hall' }],
    sources: [{ name: 'press', protocol: 'modbus', config }],
    tags: [{ ...tag, address: { register: 7, type: 'uint16' } }],
  };
  await upsertPlant(db, PlantModel.parse(model));
  const accounts = createAccounts();
  const writer = await aWriter({ db: server.db, folder, flush: flushTo(noOutbox), ledger: accounts.ledger });
  onTestFinished(() => writer[Symbol.asyncDispose]());
  const current = createCurrent({
    ...{
      ...accounts,
      save: writer.save,
      hold: () => Promise.resolve(),
      publish: () => undefined,
      log: silent,
    },
    ...{ dataFolder: folder, findSecret: () => undefined, observe: accounts.losses(writer.save, silent) },
  });
  onTestFinished(() => current[Symbol.asyncDispose]());
  await current.replace({ plant: (await selectPlant(db))!, openAlarms: [] });
  const web = await aWeb({
    routes: ledgerRoutes(db, current.operation, (running) => accounts.view(running)),
  });
  onTestFinished(() => web[Symbol.asyncDispose]());
  const ask = async (path: string) => {
    const answer = await fetch(`${web.address}/api/v1/${path}`, {
      headers: { authorization: 'Bearer viewer' },
    });
    return await answer.json();
  };
  return {
    ...{ cable, server, db, stop: () => current[Symbol.asyncDispose]() },
    state: () => current.operation().source('press').view().state,
    ledger: async () => page(LedgerView).parse(await ask('ledger')).items[0]!,
    losses: async (query = '') => page(LossView).parse(await ask(`losses${query}`)),
  };
}
const within = { timeout: 15_000, interval: 50 };

test('every reading is in the ledger, in the database or on its way, and an outage is a known loss', async () => {
  const { cable, server, db, state, ledger, losses, stop } = await aSite();
  await vi.waitFor(async () => expect((await ledger()).stored).toBeGreaterThan(3), within);
  server.away = true;
  await vi.waitFor(async () => expect((await ledger()).spooled).toBeGreaterThan(3), within);

  cable.cut = true;
  await vi.waitFor(() => expect(state()).toBe('connecting'), within);
  cable.cut = false;
  await vi.waitFor(() => expect(state()).toBe('connected'), within);
  expect((await losses()).total).toBe(0);
  server.away = false;
  await vi.waitFor(async () => expect((await losses('?source=press')).total).toBeGreaterThan(0), within);
  const { items } = await losses();
  expect(items[0]).toMatchObject({
    source: 'press',
    tag: null,
    cause: 'the gateway was not connected',
    recovered: 0,
  });
  expect(Date.parse(items[0]!.to)).toBeGreaterThan(Date.parse(items[0]!.from));

  await vi.waitFor(async () => expect((await ledger()).spooled).toBe(0), within);
  const { source, collected, lost, stalenessP99Ms, ...places } = await ledger();
  expect({ source, lost }).toEqual({ source: 'press', lost: 0 });
  expect(Object.values(places).reduce((sum, count) => sum + count, 0)).toBe(collected);
  expect(stalenessP99Ms).not.toBeNull();
  const before = await ledger();
  const [row] = await db.query<{ count: number }>('select count(*)::int as count from readings');
  const after = await ledger();
  expect(row!.count).toBeGreaterThanOrEqual(before.stored);
  expect(row!.count).toBeLessThanOrEqual(after.stored + after.pending);
  await stop();
});
