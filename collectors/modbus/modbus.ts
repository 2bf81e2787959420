import type { Point, Protocol, Report } from '../collector.ts';
import { ModbusAddress } from './address.ts';
import { isSerial, ModbusConfig } from './config.ts';
import { Closed } from './failures.ts';
import type { Line } from './line.ts';
import { limits } from './plan.ts';
import type { Task } from './poll.ts';
import { PollClass } from './poll-class.ts';
import { browse } from './register-map.ts';
import { Session } from './session.ts';
import { spotOf } from './spot.ts';
import type { Spot } from './spot.ts';
import { tryOut } from './try-out.ts';
import { Units } from './units.ts';
import { writer } from './write.ts';

export const modbus: Protocol<ModbusConfig, ModbusAddress> = {
  name: 'modbus',
  config: ModbusConfig,
  address: ModbusAddress,
  open({ config, points }, report) {
    const spots = points
      .flatMap((point) => spotOf(point) ?? [])
      .filter((spot) => isReadable(spot, config, report));
    const task = taskOf(config, points, spots, report);
    const session = new Session(task);
    const write = writer(spots, config);
    const units = [...new Set(spots.map(({ unit }) => unit))];

    return {
      run: (emit, signal) => session.run(emit, signal),
      test: (signal) => tryOut(config, spots, signal),
      write: async (orders, signal) => write(orders, linked(session), signal),
      browse: async (request, signal) => browse(request, linked(session), { config, units }, signal),
    };
  },
};

function linked({ line }: Session): Line {
  if (line === undefined) throw new Closed('There is no connection to the device now.');
  return line;
}

function taskOf(
  config: ModbusConfig,
  points: readonly Point<ModbusAddress>[],
  spots: readonly Spot[],
  report: Report,
): Task {
  const health = points.filter(({ address }) => address.health !== undefined);
  const periodOf = ({ address }: Point<ModbusAddress>) => address.pollMs ?? config.pollMs;
  const periods = new Set([config.pollMs, ...points.map(periodOf)]);
  const classes = [...periods].map(
    (periodMs) =>
      new PollClass(
        periodMs,
        spots.filter(({ point }) => periodOf(point) === periodMs),
        health.filter((point) => periodOf(point) === periodMs),
        config,
      ),
  );
  return { config, classes, units: new Units(spots.map(({ unit }) => unit)), report };
}

/** What can never be read is said once, and costs the other tags nothing. */
function isReadable(spot: Spot, config: ModbusConfig, report: Report): boolean {
  const why = obstacle(spot, config);
  if (why !== undefined) report.fault('refused address', `${spot.point.name}: ${why[0]}.`, why[1]);
  return why === undefined;
}

function obstacle(spot: Spot, config: ModbusConfig): [what: string, remedy: string] | undefined {
  const { most } = limits(spot, config);
  if (spot.count > most) {
    return [
      `takes ${spot.count} registers, and unit ${spot.unit} is read ${most} at a time`,
      'Raise maxRegisters, or read a shorter text.',
    ];
  }
  if (spot.unit === 0 && isSerial(config)) {
    return [
      'unit 0 is everybody on a serial line, and nobody answers to it',
      'Give the number of the device.',
    ];
  }
  return undefined;
}
