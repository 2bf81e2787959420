import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as timers from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import ModbusRTU from 'modbus-serial';
import { ModbusAddress } from '../../collectors/modbus/address.ts';
import { ModbusConfig } from '../../collectors/modbus/config.ts';
import { modbus } from '../../collectors/modbus/modbus.ts';
import { aPoint, collect } from '../support/collecting.ts';
import type { Bench } from './bench.ts';

const REQUESTS = 400;
const REGISTERS = 125;
/** Turns of the two, so that a machine that slows down slows both. */
const TURNS = 4;
const WARM_UP_MS = 500;

interface Speed {
  registers: number;
  ms: number;
  cpuMs: number;
}
const none = (): Speed => ({ registers: 0, ms: 0, cpuMs: 0 });
const perSecond = ({ registers, ms }: Speed): number => Math.round((registers / ms) * 1000);
const microsecondsARequest = ({ registers, cpuMs }: Speed): number =>
  Math.round((cpuMs * 1000) / (registers / REGISTERS));

/** Adds what `count` grows by within `ms`. */
async function measured(sum: Speed, count: () => number, ms: number): Promise<void> {
  await timers.setTimeout(WARM_UP_MS);
  const [before, begun, cpu] = [count(), performance.now(), process.cpuUsage()];
  await timers.setTimeout(ms);
  const { user, system } = process.cpuUsage(cpu);
  sum.registers += count() - before;
  sum.ms += performance.now() - begun;
  sum.cpuMs += (user + system) / 1000;
}

/** The library alone, one request after the other, its values thrown away. */
async function bare(port: number, sum: Speed, ms: number): Promise<void> {
  const client = new ModbusRTU.default();
  await client.connectTCP('127.0.0.1', { port });
  client.setTimeout(1000);
  let registers = 0;
  const stop = new AbortController();
  const reading = (async () => {
    for (let i = 0; !stop.signal.aborted; i = (i + 1) % REQUESTS) {
      const { data } = await client.readHoldingRegisters(i * REGISTERS, REGISTERS);
      registers += data.length;
    }
  })();
  await measured(sum, () => registers, ms);
  stop.abort();
  await reading;
  await new Promise((resolve) => client.close(resolve));
}

/** The driver: the same reads, planned from tags, decoded and emitted as readings. */
async function ours(port: number, sum: Speed, ms: number): Promise<void> {
  const points = Array.from({ length: REQUESTS * REGISTERS }, (_, i) =>
    aPoint(i, ModbusAddress.parse({ register: i, type: 'uint16' })),
  );
  const config = ModbusConfig.parse({ host: '127.0.0.1', port, pollMs: 10 });
  let registers = 0;
  const counted: typeof modbus = {
    ...modbus,
    open(plan, report) {
      const collector = modbus.open(plan, report);
      return {
        run: (_, signal) =>
          collector.run((batch) => {
            registers += batch.length;
            return Promise.resolve();
          }, signal),
      };
    },
  };
  const running = collect(counted, { config, points, pkiFolder: '', dataFolder: '' });
  await measured(sum, () => registers, ms);
  const failure = await running.stop();
  if (failure !== undefined || running.faults.length > 0)
    throw new Error('The driver failed.', { cause: failure });
}

export const modbusBench: Bench = {
  name: 'modbus',
  summary: 'registers a second over loopback, through the driver and by modbus-serial alone',
  async run({ seconds, say }) {
    const entry = fileURLToPath(new URL('../support/modbus-server-entry.ts', import.meta.url));
    const device = spawn(process.execPath, ['--import', 'tsx', entry], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [said] = (await once(device.stdout, 'data')) as [Buffer];
      const port = Number(said.toString());
      const [driver, library] = [none(), none()];
      const ms = (seconds * 1000) / (2 * TURNS);
      for (let turn = 1; turn <= TURNS; turn++) {
        await bare(port, library, ms);
        await ours(port, driver, ms);
        say(`${turn} of ${TURNS}: ${perSecond(driver)} registers/s, alone ${perSecond(library)}`);
      }
      const [value, reference] = [perSecond(driver), perSecond(library)];
      return {
        ...{ name: 'modbus', unit: 'registers/s', value },
        reference: { name: 'modbus-serial alone', value: reference },
        ratio: Number((value / reference).toFixed(3)),
        conditions: {
          ...{ transport: 'tcp', registersARequest: REGISTERS, tags: REQUESTS * REGISTERS },
          cpuUsARequest: { driver: microsecondsARequest(driver), alone: microsecondsARequest(library) },
        },
      };
    } finally {
      device.kill();
    }
  },
};
