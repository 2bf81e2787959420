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
export function decode(request: Decodable, bytes: Uint8Array): Value[] {
  const { table, start, spots } = request;
  if (isBitTable(table)) return spots.map(({ register }) => bitAt(bytes, register - start));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readersOf(request).map((read) => read(view));
}
export type Decodable = Pick<Request, 'table' | 'start' | 'spots'>;

const bitAt = (bytes: Uint8Array, index: number): number => ((bytes[index >> 3] ?? 0) >> (index & 7)) & 1;

type Reader = NumberCodec['read'];
const known = new WeakMap<Decodable, readonly ((view: DataView) => Value)[]>();

/** Made once for each request, that is read for years: most values are read without a copy. */
function readersOf(request: Decodable) {
  let readers = known.get(request);
  if (readers === undefined) {
    readers = request.spots.map((spot) => {
      const read = inKind(spot, inOrder(spot, plainReader(spot)));
      const at = 2 * (spot.register - request.start);
      return (view: DataView) => read(view, at);
    });
    known.set(request, readers);
  }
  return readers;
}

function plainReader({ type, point: { address } }: Spot): Reader {
  if (type === 'string') {
    const { length = 0, trim, encoding } = address;
    return (view, at) => textIn(new Uint8Array(view.buffer, view.byteOffset + at, length), trim, encoding);
  }
  if (type !== 'bool') return numbers[type].read;
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
