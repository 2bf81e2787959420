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
export type Decodable = Pick<Request, 'table' | 'start' | 'spots'>;

/** The values of a request's spots, in their order, from the data bytes of its reply, which are as many as asked for. */
export function decode(request: Decodable, bytes: Uint8Array): Value[] {
  const values: Value[] = [];
  decodeEach(request, bytes, (_, value) => values.push(value));
  return values;
}

/** The same, one by one: what reads a million registers a second makes no list of values. */
export function decodeEach(
  request: Decodable,
  bytes: Uint8Array,
  take: (spot: Spot, value: Value) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { spot, read, at } of slotsOf(request)) take(spot, read(view, at));
}

type Reader = NumberCodec['read'];
/** Where a value begins in a reply, in bytes or in bits, and how it is read there. */
interface Slot {
  readonly spot: Spot;
  readonly read: Reader;
  readonly at: number;
}
const known = new WeakMap<Decodable, readonly Slot[]>();

/** Made once for each request, that is read for years: most values are read without a copy. */
function slotsOf(request: Decodable): readonly Slot[] {
  let slots = known.get(request);
  if (slots === undefined) {
    const bits = isBitTable(request.table);
    slots = request.spots.map((spot) => ({
      spot,
      read: inKind(spot, bits ? bitAt : inOrder(spot, plainReader(spot))),
      at: (spot.register - request.start) * (bits ? 1 : 2),
    }));
    known.set(request, slots);
  }
  return slots;
}

const bitAt: Reader = (view, index) => (view.getUint8(index >> 3) >> (index & 7)) & 1;

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
