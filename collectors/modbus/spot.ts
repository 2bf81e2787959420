import type { Point } from '../collector.ts';
import { isBitTable, placeOf, registersOf } from './address.ts';
import type { ModbusAddress, RegisterType, Table } from './address.ts';

/** A point, with its place worked out. */
export interface Spot {
  readonly point: Point<ModbusAddress>;
  readonly unit: number;
  readonly table: Table;
  /** The first register or coil, and how many. */
  readonly register: number;
  readonly count: number;
  readonly type: RegisterType;
}

/** Undefined: a point of health, which lies in no register. */
export function spotOf(point: Point<ModbusAddress>): Spot | undefined {
  const { unit, type, length } = point.address;
  const place = placeOf(point.address);
  if (type === undefined || typeof place === 'string') return undefined;
  const count = isBitTable(place.table) ? 1 : registersOf({ type, length });
  return { point, unit, ...place, count, type };
}
