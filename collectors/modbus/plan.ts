import type { Point } from '../collector.ts';
import { isBitTable, registersOf } from './config.ts';
import type { ModbusAddress, ModbusConfig } from './config.ts';

/** One read: `count` registers (or coils) from `start`, and the points that lie in them. */
export interface Request {
  readonly unit: number;
  readonly table: ModbusAddress['table'];
  readonly start: number;
  readonly count: number;
  readonly points: readonly Point<ModbusAddress>[];
}

const endOf = ({ address }: Point<ModbusAddress>): number => address.register + registersOf(address.type);

const requestFor = (points: readonly Point<ModbusAddress>[]): Request | undefined => {
  const [first] = points;
  if (first === undefined) return undefined;
  const { unit, table, register: start } = first.address;
  return { unit, table, start, count: Math.max(...points.map(endOf)) - start, points };
};

type Merging = Pick<ModbusConfig, 'maxRegisters' | 'hole'>;

/** The fewest reads that stay within the device's limit and read no more than `hole` unused registers in a row. */
export function planRequests(points: readonly Point<ModbusAddress>[], merging: Merging): Request[] {
  const runs: Point<ModbusAddress>[][] = [];
  for (const place of byPlace(points)) {
    let run: Point<ModbusAddress>[] = [];
    for (const point of place) {
      if (run.length === 0 || !fits(run, point, merging)) runs.push((run = []));
      run.push(point);
    }
  }
  return runs.flatMap((run) => requestFor(run) ?? []);
}

function fits(run: readonly Point<ModbusAddress>[], point: Point<ModbusAddress>, merging: Merging): boolean {
  const [first] = run;
  if (first === undefined) return true;
  const bits = isBitTable(point.address.table) ? 16 : 1;
  const end = Math.max(...run.map(endOf));
  return (
    point.address.register - end <= merging.hole * bits &&
    Math.max(end, endOf(point)) - first.address.register <= merging.maxRegisters * bits
  );
}

/** Points of one unit and table, in the order of their registers. */
function byPlace(points: readonly Point<ModbusAddress>[]): Point<ModbusAddress>[][] {
  const places = new Map<string, Point<ModbusAddress>[]>();
  for (const point of points) {
    const key = `${point.address.unit} ${point.address.table}`;
    const place = places.get(key);
    if (place === undefined) places.set(key, [point]);
    else place.push(point);
  }
  return [...places.values()].map((place) => place.sort((a, b) => a.address.register - b.address.register));
}

/** Two reads for one that the device refused; none when it held a single point. */
export function split(request: Request): Request[] {
  if (request.points.length < 2) return [];
  const middle = request.points.length >> 1;
  return [request.points.slice(0, middle), request.points.slice(middle)].flatMap(
    (half) => requestFor(half) ?? [],
  );
}
