import type { Raw } from '../../history/reading.ts';
import type { Point } from '../collector.ts';
import type { ModbusAddress } from './address.ts';
import type { Units } from './units.ts';

/** The tags that tell how the line and its units are. */
export const healthReadings = (
  points: readonly Point<ModbusAddress>[],
  units: Units,
  at: number,
  linked: boolean,
): Raw[] =>
  points.map(({ tag, address }) => {
    const value = valueOf(address, units, linked);
    return value === null ? { tag, at, value, status: 'bad' } : { tag, at, value, status: 'good' };
  });

function valueOf({ health, unit }: ModbusAddress, units: Units, linked: boolean): number | null {
  if (health === 'link') return linked && units.anybody() ? 1 : 0;
  if (health === 'unit') return linked ? units.health(unit) : 0;
  return linked ? units.roundTripMs(unit) : null;
}
