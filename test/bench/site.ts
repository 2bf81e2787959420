import { writeSite, startPenstock } from '../support/daemon.ts';
import { aDatabaseAddress } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { freePort } from '../support/foreign.ts';
import { modbusDevice } from '../support/modbus-device.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { installed, nodeOptions, stored } from './installed.ts';
import { costOf, shown } from './opcua-cost.ts';

const DEVICES = 5;
const TAGS = 10_000;
const POLL_MS = 1000;
const LIMIT_MB = 200;

/** Registers that move: a slow wave each, in tenths. */
class Waves extends Map<number, number> {
  override get(register: number): number {
    return Math.round(
      500 + 200 * Math.sin(Date.now() / 20_000 + register) + 10 * Math.sin(Date.now() * register),
    );
  }
}

/** So many tags of five controllers, read once a second; each with a range, every tenth with an alarm that stays quiet. */
const plantOf = (tags: number, ports: readonly number[]) => ({
  site: { name: 'Bench', timeZone: 'UTC' },
  areas: [{ name: 'Line' }],
  sources: ports.map((port, i) => ({
    ...{ name: `plc-${i}`, protocol: 'modbus', config: { host: '127.0.0.1', port, pollMs: POLL_MS } },
  })),
  tags: Array.from({ length: tags }, (_, i) => ({
    ...{ name: `tag-${i}`, unit: 'kPa', area: 'Line', source: `plc-${i % ports.length}` },
    ...{ range: [-1000, 1000], spike: true, scale: { factor: 0.1, offset: 0 } },
    address: { register: Math.floor(i / ports.length), type: 'uint16' },
    ...(i % 10 === 0
      ? { alarms: [{ kind: 'high', limit: 900, deadband: 1, priority: 3, action: 'Look.' }] }
      : {}),
  })),
});

async function measure({ seconds, say, ...options }: BenchOptions): Promise<BenchResult> {
  await using folder = await aFolder();
  await using address = options.database === 'embedded' ? null : await aDatabaseAddress(options.database);
  const tags = options.tags ?? TAGS;
  const devices = await Promise.all(
    Array.from({ length: DEVICES }, () => modbusDevice({ holding: new Waves() })),
  );
  const program = await installed(folder.path);
  const port = await freePort();
  const plant = plantOf(
    tags,
    devices.map((device) => device.port),
  );
  const config = await writeSite(folder.path, { port, database: address?.url ?? 'embedded', plant });
  const url = `http://127.0.0.1:${port}`;
  await using daemon = startPenstock(['gateway', '--config', config], url, program, {
    NODE_OPTIONS: await nodeOptions(),
  });
  const client = {
    pid: daemon.process.pid ?? 0,
    readings: () => stored(url),
    lastWords: () => daemon.output().slice(-2000),
    [Symbol.asyncDispose]: () => daemon.kill(),
  };
  const cost = await costOf(client, tags, seconds * 1000);
  await daemon.kill();
  for (const device of devices) await device[Symbol.asyncDispose]();
  const { rssMegabytes, ...figures } = shown(cost);
  say(`${figures.readingsPerSecond} readings/s: ${rssMegabytes} MB, ${figures.cpuShare} of a core`);
  return {
    ...{ name: 'site', unit: 'MB of a whole gateway', value: rssMegabytes },
    reference: { name: 'the aim', value: LIMIT_MB },
    ratio: Number((rssMegabytes / LIMIT_MB).toFixed(3)),
    conditions: {
      ...{ database: address === null ? 'embedded' : 'native', tags, devices: DEVICES, pollMs: POLL_MS },
      ...figures,
    },
  };
}

export const siteBench: Bench = {
  name: 'site',
  summary:
    'memory and processor of a whole gateway, as it is installed, at 10,000 readings a second from Modbus devices',
  run: measure,
};
