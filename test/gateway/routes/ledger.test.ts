import { expect, onTestFinished, test, vi } from 'vitest';
import { LedgerView, LossView } from '../../../gateway/api/sources.ts';
import { ledgerRoutes } from '../../../gateway/routes/ledger.ts';
import { page } from '../../../platform/api/page.ts';
import { aDatabase } from '../../support/database.ts';
import { rawDevice, reply } from '../../support/modbus-device.ts';
import { gatewayMigrations } from '../../support/models.ts';
import { aPlantAtWork } from '../../support/plant-at-work.ts';
import { aWeb } from '../../support/web.ts';

/** A gateway with one device, which can be cut off, and a database that can be called away. */
async function aSite() {
  const cable = { cut: false };
  const device = await rawDevice((request, socket) =>
    cable.cut ? socket.destroy() : socket.write(reply(request)),
  );
  onTestFinished(() => device[Symbol.asyncDispose]());
  const db = await aDatabase({ migrations: gatewayMigrations });
  onTestFinished(() => db[Symbol.asyncDispose]());
  const config = { host: '127.0.0.1', port: device.port, pollMs: 100, timeoutMs: 1000 };
  const tag = { name: 'P-1', area: 'Hall', source: 'press', expectedMs: 100, spike: false };
  const plant = await aPlantAtWork(db, {
    site: { name: 'Works' },
    areas: [{ name: 'Hall' }],
    sources: [{ name: 'press', protocol: 'modbus', config }],
    tags: [{ ...tag, address: { register: 7, type: 'uint16' } }],
  });
  onTestFinished(() => plant[Symbol.asyncDispose]());
  const web = await aWeb({ routes: ledgerRoutes(db, plant.current.operation, () => plant.ledgers()) });
  onTestFinished(() => web[Symbol.asyncDispose]());
  const ask = async (path: string) => {
    const answer = await fetch(`${web.address}/api/v1/${path}`, {
      headers: { authorization: 'Bearer viewer' },
    });
    return await answer.json();
  };
  return {
    ...{ cable, db, server: plant.server },
    state: () => plant.view('press').state,
    ledger: async () => page(LedgerView).parse(await ask('ledger')).items[0]!,
    losses: async (query = '') => page(LossView).parse(await ask(`losses${query}`)),
  };
}
const within = { timeout: 15_000, interval: 50 };

test('every reading is in the ledger, in the database or on its way, and an outage is a known loss', async () => {
  const { cable, server, db, state, ledger, losses } = await aSite();
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
});
