import type { BrowseRequest, Place, Places } from '../collector.ts';
import { isBitTable } from './address.ts';
import type { Table } from './address.ts';
import { reading } from './ask.ts';
import type { ModbusConfig } from './config.ts';
import { Exception, REFUSALS } from './failures.ts';
import type { Line } from './line.ts';
import { limits } from './plan.ts';
import { hex } from './try-out.ts';

const tables: Readonly<Record<Table, string>> = {
  holding: 'Holding registers',
  input: 'Input registers',
  coil: 'Coils',
  discrete: 'Discrete inputs',
};
const isTable = (text: string): text is Table => Object.hasOwn(tables, text);

/** A window is never larger than this, so that browsing stays a guest on the line. */
const MOST_PLACES = 250;
/** A window with many holes is asked for in pieces, but no more often than this. */
const MOST_REQUESTS = 40;
const LAST_REGISTER = 65_535;

/** What a device has cannot be asked for in Modbus: a window of registers is read, and what it refuses is a hole. */
export async function browse(
  { place, search, limit, after }: BrowseRequest,
  line: Line,
  { config, units }: { readonly config: ModbusConfig; readonly units: readonly number[] },
  signal: AbortSignal,
): Promise<Places> {
  if (place === null) return { places: unitPlaces(units, search), next: null };
  const [number = '', table] = place.split('/');
  const unit = Number(number);
  if (!Number.isInteger(unit) || unit < 0 || unit > 255)
    throw new Error(`There is no place '${place}': the top lists the units.`);
  if (table === undefined) return { places: tablePlaces(unit, search), next: null };
  if (!isTable(table))
    throw new Error(`There is no table '${table}': it is one of ${Object.keys(tables).join(', ')}.`);

  const from = firstRegister(search, after);
  const count = Math.min(limit, MOST_PLACES, LAST_REGISTER + 1 - from);
  const last = from + count - 1;
  const window: Window = { unit, table, start: from, count };
  return {
    places: await readWindow(window, line, config, signal),
    next: last >= LAST_REGISTER ? null : String(last),
  };
}

const branch = (id: string, name: string, description: string): Place => ({
  ...{ id, name, description, branch: true, address: null, kind: null, type: '', unit: '' },
  ...{ range: null, value: null, writable: false },
});

const unitPlaces = (units: readonly number[], search: string): Place[] =>
  (units.length > 0 ? [...units].sort((a, b) => a - b) : [1])
    .map((unit) => branch(String(unit), `Unit ${unit}`, ''))
    .filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));

const tablePlaces = (unit: number, search: string): Place[] =>
  Object.entries(tables)
    .map(([table, name]) => branch(`${unit}/${table}`, name, table))
    .filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));

/** A search for a number goes to that register. */
function firstRegister(search: string, after: string | null): number {
  const next = after === null ? 0 : Number(after) + 1;
  const wanted = /^\d{1,5}$/.test(search.trim()) ? Number(search) : 0;
  return Math.min(Math.max(next, wanted), LAST_REGISTER);
}

interface Window {
  readonly unit: number;
  readonly table: Table;
  readonly start: number;
  readonly count: number;
}

async function readWindow(
  window: Window,
  line: Line,
  config: ModbusConfig,
  signal: AbortSignal,
): Promise<Place[]> {
  const { unit, table } = window;
  const { most } = limits(window, config);
  const open: Window[] = [];
  for (let at = 0; at < window.count; at += most) {
    open.push({ unit, table, start: window.start + at, count: Math.min(most, window.count - at) });
  }
  const places: Place[] = [];
  for (let asked = 0; ; asked++) {
    const piece = open.shift();
    if (piece === undefined) return places;
    signal.throwIfAborted();
    if (asked >= MOST_REQUESTS) {
      places.push(...holes(piece, 'not asked for: too many holes before it'));
      continue;
    }
    const bytes = await line.ask(reading({ ...piece, spots: [] })).catch((err: unknown) => {
      if (err instanceof Exception && REFUSALS.includes(err.code)) return err;
      throw err;
    });
    if (bytes instanceof Uint8Array) places.push(...values(piece, bytes));
    else if (piece.count === 1) places.push(...holes(piece, `refused: ${bytes.message}`));
    else open.unshift(...halves(piece));
  }
}

function halves(piece: Window): Window[] {
  const count = piece.count >> 1;
  return [
    { ...piece, count },
    { ...piece, start: piece.start + count, count: piece.count - count },
  ];
}

const registersIn = ({ start, count }: Window): number[] =>
  Array.from({ length: count }, (_, i) => start + i);

const holes = (piece: Window, description: string): Place[] =>
  registersIn(piece).map((register) => signal(piece, register, null, description));

const values = (piece: Window, bytes: Uint8Array): Place[] =>
  registersIn(piece).map((register, i) => {
    if (isBitTable(piece.table)) {
      const bit = ((bytes[i >> 3] ?? 0) >> (i & 7)) & 1;
      return signal(piece, register, bit, bit === 1 ? 'on' : 'off');
    }
    const own = bytes.subarray(2 * i, 2 * i + 2);
    return signal(piece, register, (own[0] ?? 0) * 256 + (own[1] ?? 0), hex(own));
  });

function signal({ unit, table }: Window, register: number, value: number | null, description: string): Place {
  const type = isBitTable(table) ? 'bool' : 'uint16';
  return {
    ...{ id: `${unit}/${table}/${register}`, name: String(register), description, branch: false },
    address: { unit, table, register, type },
    ...{ kind: 'number', type, unit: '', range: null, value },
    writable: table === 'holding' || table === 'coil',
  };
}
