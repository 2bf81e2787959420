import { numberIn } from '../value.ts';
import { isBitTable } from './address.ts';
import { numbers } from './numbers.ts';
import { arranged } from './order.ts';
import type { Spot } from './spot.ts';
import { textBytes } from './text.ts';

/** What is to be written, or why it cannot be. The library would write 1.5 as 1: everything is checked here. */
export type Encoded =
  | { readonly type: 'bit'; readonly on: boolean }
  | { readonly type: 'registers'; readonly registers: readonly number[] }
  | { readonly type: 'refused'; readonly why: string };

export function encode(spot: Spot, value: number | string): Encoded {
  if (spot.type === 'string') return text(spot, String(value));
  const number = typeof value === 'number' ? value : numberIn(value);
  if (number === undefined) return refused(value, 'is no number');
  if (spot.type === 'bool') return bool(spot, number);
  const view = new DataView(new ArrayBuffer(2 * spot.count));
  const why = numbers[spot.type].write(view, typeof number === 'string' ? BigInt(number) : number);
  return why === undefined ? inRegisters(spot, new Uint8Array(view.buffer)) : refused(value, why);
}

const refused = (value: number | string, why: string): Encoded => ({
  type: 'refused',
  why: `${typeof value === 'string' ? `'${value}'` : value} ${why}.`,
});

function bool({ table, point: { address } }: Spot, value: number | string): Encoded {
  if (value !== 0 && value !== 1) return refused(value, 'is neither 0 nor 1');
  if (isBitTable(table) || address.bit !== undefined) return { type: 'bit', on: value === 1 };
  return { type: 'registers', registers: [value] };
}

function text(spot: Spot, value: string): Encoded {
  const { length = 0, encoding } = spot.point.address;
  const bytes = textBytes(value, length, encoding);
  return typeof bytes === 'string' ? refused(value, bytes) : inRegisters(spot, bytes);
}

function inRegisters({ point: { address } }: Spot, value: Uint8Array): Encoded {
  const bytes = arranged(value, address);
  const registers = Array.from(
    { length: bytes.length / 2 },
    (_, i) => (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0),
  );
  return { type: 'registers', registers };
}
