import { numberIn } from '../value.ts';
import { isBitTable } from './address.ts';
import { numbers } from './numbers.ts';
import type { NumberCodec } from './numbers.ts';
import { arranged, isPlain } from './order.ts';
import type { Request } from './plan.ts';
import type { Spot } from './spot.ts';
import { textIn } from './text.ts';

/** Null: not a number. */
export type Value = number | string | null;

/** The values of a request's spots, in their order, from the data bytes of its reply, which are as many as asked for. */
export function decode(
  { table, start, spots }: Pick<Request, 'table' | 'start' | 'spots'>,
  bytes: Uint8Array,
): Value[] {
  if (isBitTable(table)) return spots.map(({ register }) => bitAt(bytes, register - start));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Array<Value>(spots.length);
  for (let i = 0; i < spots.length; i++) {
    const spot = spots[i];
    if (spot !== undefined) values[i] = readerOf(spot)(view, 2 * (spot.register - start));
  }
  return values;
}

const bitAt = (bytes: Uint8Array, index: number): number => ((bytes[index >> 3] ?? 0) >> (index & 7)) & 1;

type Reader = NumberCodec['read'];
const readers = new WeakMap<Spot, Reader>();

/** Made once for each spot: most devices are read without a copy. */
function readerOf(spot: Spot): Reader {
  let reader = readers.get(spot);
  if (reader === undefined) readers.set(spot, (reader = inKind(spot, inOrder(spot, plainReader(spot)))));
  return reader;
}

function plainReader({ type, point: { address } }: Spot): Reader {
  if (type === 'string') {
    const { length = 0, trim, encoding } = address;
    return (view, at) => textIn(new Uint8Array(view.buffer, view.byteOffset + at, length), trim, encoding);
  }
  if (type !== 'bool') return (view, at) => numbers[type].read(view, at);
  const { bit } = address;
  return (view, at) => {
    const register = view.getUint16(at);
    return bit === undefined ? Math.sign(register) : (register >> bit) & 1;
  };
}

function inOrder({ count, point: { address } }: Spot, read: Reader): Reader {
  if (isPlain(address, count)) return read;
  return (view, at) => {
    const own = new Uint8Array(view.buffer, view.byteOffset + at, 2 * count);
    return read(new DataView(arranged(own, address).buffer), 0);
  };
}

/** A text tag takes a number as its text, and a number tag a text that is a number. */
function inKind({ type, point: { kind } }: Spot, read: Reader): Reader {
  if (kind === 'number') {
    return type === 'string' ? (view, at) => numberIn(String(read(view, at))) ?? null : read;
  }
  return (view, at) => {
    const value = read(view, at);
    return value === null ? null : String(value);
  };
}
