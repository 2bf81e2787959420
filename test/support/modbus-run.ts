import { onTestFinished } from 'vitest';
import type { Collector, Plan, Point, Protocol } from '../../collectors/collector.ts';
import { ModbusAddress } from '../../collectors/modbus/address.ts';
import { ModbusConfig } from '../../collectors/modbus/config.ts';
import { modbus } from '../../collectors/modbus/modbus.ts';
import { aPoint, aReport, collect } from './collecting.ts';
import type { Run } from './collecting.ts';

export const anAddress = (more: Record<string, unknown>): ModbusAddress =>
  ModbusAddress.parse('health' in more ? more : { type: 'uint16', ...more });

/** A tag that reads what its address says: a uint16 unless it says more. */
export const aRegister = (tag: number, more: Record<string, unknown>): Point<ModbusAddress> =>
  aPoint(tag, anAddress(more), more['type'] === 'string' ? 'text' : 'number');

export const modbusPlan = (
  port: number,
  points: readonly Point<ModbusAddress>[],
  more: Record<string, unknown> = {},
): Plan<ModbusConfig, ModbusAddress> => ({
  config: ModbusConfig.parse({ host: '127.0.0.1', port, pollMs: 50, timeoutMs: 200, ...more }),
  points,
  pkiFolder: '',
  dataFolder: '',
});

/** A collector that may run again after the loss of its link, as the supervisor does it. */
export interface Rerun extends Run {
  again(): Rerun;
}

/** A running collector of a device on this machine. It stops with the test. */
export function runModbus(
  port: number,
  points: readonly Point<ModbusAddress>[],
  more: Record<string, unknown> = {},
): Rerun {
  const plan = modbusPlan(port, points, more);
  let opened: Collector | undefined;
  let first: Run | undefined;
  const once: Protocol<ModbusConfig, ModbusAddress> = {
    ...modbus,
    open: (own, report) => (opened ??= modbus.open(own, report)),
  };
  const start = (): Rerun => {
    const running = collect(once, plan);
    onTestFinished(async () => {
      await running.stop();
    });
    first ??= running;
    // The collector reports where it was opened.
    return { ...running, faults: first.faults, lines: first.lines, again: start };
  };
  return start();
}

/** A collector that does not run. */
export const idleModbus = (
  port: number,
  points: readonly Point<ModbusAddress>[],
  more: Record<string, unknown> = {},
) => modbus.open(modbusPlan(port, points, more), aReport().report);

export async function untilFinished<Held extends AsyncDisposable>(held: Promise<Held>): Promise<Held> {
  const own = await held;
  onTestFinished(() => own[Symbol.asyncDispose]());
  return own;
}
