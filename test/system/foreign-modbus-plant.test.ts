import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { hostStarter } from '../../gateway/runtime/host.ts';
import type { Database } from '../../platform/database/db.ts';
import { aDatabase } from '../support/database.ts';
import { freePort } from '../support/foreign.ts';
import { pymodbus, serialPair } from '../support/modbus-foreign.ts';
import { gatewayMigrations } from '../support/models.ts';
import { aPlantAtWork, expectAllStored, longestGapMs } from '../support/plant-at-work.ts';

const soon = { timeout: 40_000, interval: 50 };
const WORKER = new URL('../../gateway/runtime/worker.ts', import.meta.url);
/** A process that does not answer for so long is frozen: sooner than in a plant. */
const startHost = hostStarter(WORKER, { pingMs: 200, loadMs: 60_000, frozenMs: 2_000 });

let db: Database;
beforeAll(async () => {
  db = await aDatabase({ migrations: gatewayMigrations });
});
afterAll(() => db[Symbol.asyncDispose]());

/** A serial line and a network device, both of pymodbus, in one plant. */
async function aPlant() {
  const line = await serialPair();
  const port = await freePort();
  const serial = () => pymodbus('rtu', line.far);
  const network = () => pymodbus('tcp', String(port));
  const devices = { serial: await serial(), network: await network() };
  const polling = { pollMs: 100, timeoutMs: 500 };
  const path = { path: line.near, parity: 'none', stopBits: 1 };
  const source = (name: string, config: object) => ({
    ...{ name, protocol: 'modbus', config: { ...polling, ...config } },
  });
  const tag = (name: string, of: string) => ({
    ...{ name, area: 'Hall', source: of, expectedMs: 100, spike: false },
    address: { register: 108, type: 'int16' },
  });
  const model = {
    site: { name: 'Works' },
    areas: [{ name: 'Hall' }],
    sources: [
      source('line', { transport: 'rtu', serial: path }),
      source('network', { host: '127.0.0.1', port }),
    ],
    tags: [tag('L-1', 'line'), tag('N-1', 'network')],
  };
  const plant = await aPlantAtWork(db, model, { startHost });
  onTestFinished(() => plant[Symbol.asyncDispose]());
  const stored = (name: string) => plant.ledgers().find(({ source: of }) => of === name)!.stored;
  return {
    ...{ ...plant, devices, serial },
    /** Waits until both sources are connected and have stored more than now. */
    async goOn() {
      const before = [stored('line'), stored('network')] as const;
      await vi.waitFor(() => {
        expect(plant.view('line').state).toBe('connected');
        expect(plant.view('network').state).toBe('connected');
        expect(stored('line')).toBeGreaterThan(before[0] + 3);
        expect(stored('network')).toBeGreaterThan(before[1] + 3);
      }, soon);
    },
    /** Waits until a source is lost once more than now. */
    async lose(name: string, how: () => unknown) {
      const before = plant.losses(name);
      await how();
      await vi.waitFor(() => expect(plant.losses(name)).toBeGreaterThan(before), soon);
    },
  };
}

/** The process that serial lines run in: a child of this one. */
function serialProcess(): number {
  const found = readdirSync('/proc').filter((pid) => {
    try {
      const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1];
      return Number(parent) === process.pid && commandOf(pid).includes('runtime/worker');
    } catch {
      return false;
    }
  });
  expect(found).toHaveLength(1);
  return Number(found[0]);
}
const commandOf = (pid: string) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');

test('the process of the serial lines is killed, freezes, and its device dies: the network device loses nothing, and the ledger balances', async () => {
  const plant = await aPlant();
  await plant.goOn();
  await plant.lose('line', () => process.kill(serialProcess(), 'SIGKILL'));
  await plant.goOn();
  await plant.lose('line', () => process.kill(serialProcess(), 'SIGSTOP'));
  await plant.goOn();
  await plant.lose('line', plant.devices.serial.kill);
  await plant.serial();
  await plant.goOn();
  expect(plant.losses('network')).toBe(0);
  await plant.current[Symbol.asyncDispose]();
  await vi.waitFor(() => expectAllStored(plant.ledgers(), db), soon);
  expect(await longestGapMs(db, 'N-1')).toBeLessThan(3_000);
  const missing = await db.query<{ source: string }>(
    'select distinct s.name as source from losses l join sources s on s.id = l.source_id',
  );
  expect(missing).toEqual([{ source: 'line' }]);
});
