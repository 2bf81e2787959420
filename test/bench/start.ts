import { execFile } from 'node:child_process';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { promisify } from 'node:util';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { startPenstock, writeSite } from '../support/daemon.ts';
import { aDatabaseAddress } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { freePort } from '../support/foreign.ts';
import { modbusDevice } from '../support/modbus-device.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { installed, stored } from './installed.ts';

const LOOK_MS = 10;
const STARTS = 5;
const POLL_MS = 100;

const plantAt = (port: number) => ({
  site: { name: 'Works' },
  areas: [{ name: 'Hall' }],
  sources: [{ name: 'plc', protocol: 'modbus', config: { host: '127.0.0.1', port, pollMs: POLL_MS } }],
  tags: [{ name: 'P-1', area: 'Hall', source: 'plc', address: { register: 7, type: 'uint16' } }],
});

/** From the start of the process to the first reading that is stored, in milliseconds. */
async function startOnce(program: string, config: string, url: string): Promise<number> {
  const begun = performance.now();
  await using daemon = startPenstock(['gateway', '--config', config], url, program);
  while ((await stored(url).catch(() => 0)) === 0) {
    if (daemon.process.exitCode !== null) throw new Error(`The gateway ended:\n${daemon.output()}`);
    await timers.setTimeout(LOOK_MS);
  }
  const ms = performance.now() - begun;
  await daemon.stop();
  return ms;
}

/** What no gateway can be quicker than: Node starts, and the database opens. */
async function leastOnce(where: { readonly url: string; readonly folder: string }): Promise<number> {
  const begun = performance.now();
  await promisify(execFile)(process.execPath, ['-e', '0']);
  await using db = await openDatabase({ ...where, name: 'bench', log: createLog('bench', 'error') });
  await db.query('select 1');
  return performance.now() - begun;
}

const median = (all: readonly number[]): number =>
  Math.round(all.toSorted((a, b) => a - b)[all.length >> 1] ?? NaN);

async function measure({ database, say }: BenchOptions): Promise<BenchResult> {
  await using folder = await aFolder();
  await using plc = await modbusDevice({ holding: new Map([[7, 7]]) });
  await using address = database === 'embedded' ? null : await aDatabaseAddress(database);
  const program = await installed(join(folder.path, 'package'));
  const port = await freePort();
  const where = address?.url ?? 'embedded';
  const config = await writeSite(folder.path, { port, database: where, plant: plantAt(plc.port) });
  const url = `http://127.0.0.1:${port}`;
  const first = Math.round(await startOnce(program, config, url));
  say(`first start, with a new database: ${first} ms`);
  const [ours, least]: [number[], number[]] = [[], []];
  for (let round = 0; round < STARTS; round++) {
    least.push(await leastOnce({ url: where, folder: join(folder.path, 'data/database') }));
    ours.push(await startOnce(program, config, url));
  }
  const [value, limit] = [median(ours), median(least)];
  return {
    ...{ name: 'start', unit: 'ms to the first stored reading', value },
    reference: { name: 'Node starts, and the database opens', value: limit },
    ratio: Number((value / limit).toFixed(3)),
    conditions: {
      database: address === null ? 'embedded' : 'native',
      firstStart: first,
      starts: STARTS,
      pollMs: POLL_MS,
    },
  };
}

export const startBench: Bench = {
  name: 'start',
  summary: 'from the start of the process to the first stored reading, of the compiled package',
  run: measure,
};
