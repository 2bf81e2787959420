import type { Point } from '../collector.ts';
import { isBitTable } from './address.ts';
import type { ModbusAddress, Table } from './address.ts';
import type { ModbusConfig } from './config.ts';
import { spotOf } from './spot.ts';
import type { Spot } from './spot.ts';

/** One read: `count` registers (or coils) from `start`, and the spots that lie in them. */
export interface Request {
  readonly unit: number;
  readonly table: Table;
  readonly start: number;
  readonly count: number;
  readonly spots: readonly Spot[];
}

export type Merging = Pick<ModbusConfig, 'maxRegisters' | 'hole'> & Partial<Pick<ModbusConfig, 'units'>>;

/** In one reply there is room for 125 registers, or for 2000 coils: 16 for each register. */
const BITS_A_REGISTER = 16;

/** The fewest reads that stay within the device's limit and read no more than `hole` unused registers in a row. */
export const planRequests = (points: readonly Point<ModbusAddress>[], merging: Merging): Request[] =>
  planSpots(
    points.flatMap((point) => spotOf(point) ?? []),
    merging,
  );

export const planSpots = (spots: readonly Spot[], merging: Merging): Request[] =>
  byPlace(spots).flatMap((place) => planPlace(place, merging));

function planPlace(place: readonly Spot[], merging: Merging): Request[] {
  const requests: Request[] = [];
  let run: Spot[] = [];
  let [start, end] = [0, 0];
  for (const spot of place) {
    const { most, hole } = limits(spot, merging);
    const after = Math.max(end, spot.register + spot.count);
    if (run.length === 0 || spot.register - end > hole || after - start > most) {
      if (run.length > 0) requests.push(requestFor(run));
      run = [spot];
      [start, end] = [spot.register, spot.register + spot.count];
    } else {
      run.push(spot);
      end = after;
    }
  }
  return run.length > 0 ? [...requests, requestFor(run)] : requests;
}

/** How many registers or coils one read may have in the spot's unit and table, and how many of them unused in a row. */
export function limits({ unit, table }: Pick<Spot, 'unit' | 'table'>, merging: Merging) {
  const own = merging.units?.[String(unit)];
  const scale = isBitTable(table) ? BITS_A_REGISTER : 1;
  return {
    most: (own?.maxRegisters ?? merging.maxRegisters) * scale,
    hole: (own?.hole ?? merging.hole) * scale,
  };
}

function requestFor(spots: readonly Spot[]): Request {
  const { unit = 0, table = 'holding', register: start = 0 } = spots[0] ?? {};
  let end = start;
  for (const { register, count } of spots) end = Math.max(end, register + count);
  return { unit, table, start, count: end - start, spots };
}

/** Spots of one unit and table, in the order of their registers. */
function byPlace(spots: readonly Spot[]): Spot[][] {
  const places = new Map<string, Spot[]>();
  for (const spot of spots) {
    const key = `${spot.unit} ${spot.table}`;
    const place = places.get(key);
    if (place === undefined) places.set(key, [spot]);
    else place.push(spot);
  }
  return [...places.values()].map((place) => place.sort((a, b) => a.register - b.register));
}

/** Two reads for one that the device refused; none when it held a single spot. */
export function split({ spots }: Request): Request[] {
  if (spots.length < 2) return [];
  const middle = spots.length >> 1;
  return [requestFor(spots.slice(0, middle)), requestFor(spots.slice(middle))];
}

/** A small read of a place that the device is known to have, or may have: to see whether it answers. */
export const sampleOf = ({ unit, table, spots, start }: Request): Request => {
  const [spot] = spots;
  return { unit, table, start: spot?.register ?? start, count: spot?.count ?? 1, spots: [] };
};

export const where = ({ unit, table, start, count }: Omit<Request, 'spots'>): string =>
  `unit ${unit}, ${table} ${start}${count === 1 ? '' : ` to ${start + count - 1}`}`;
