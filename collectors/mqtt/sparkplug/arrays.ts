import type { TypeName } from './datatype.ts';
import type { Scalar } from './value.ts';

// Sparkplug 3.0, 6.4.16.4: arrays are little-endian bytes; booleans a count and bits, the first in the highest bit;
// texts each end with a zero byte.

interface Item {
  readonly size: number;
  read(view: DataView, at: number): Scalar;
  write(view: DataView, at: number, value: Scalar): void;
}

const number = (
  size: number,
  name: 'Int8' | 'Int16' | 'Int32' | 'Uint8' | 'Uint16' | 'Uint32' | 'Float32' | 'Float64',
): Item => ({
  size,
  read: (view, at) => view[`get${name}`](at, true),
  write: (view, at, value) => view[`set${name}`](at, Number(value), true),
});
const long = (name: 'BigInt64' | 'BigUint64'): Item => ({
  size: 8,
  read(view, at) {
    const value = view[`get${name}`](at, true);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  },
  write: (view, at, value) => view[`set${name}`](at, BigInt(value as number | bigint), true),
});

const ITEMS: Partial<Record<TypeName, Item>> = {
  Int8: number(1, 'Int8'),
  Int16: number(2, 'Int16'),
  Int32: number(4, 'Int32'),
  Int64: long('BigInt64'),
  UInt8: number(1, 'Uint8'),
  UInt16: number(2, 'Uint16'),
  UInt32: number(4, 'Uint32'),
  UInt64: long('BigUint64'),
  Float: number(4, 'Float32'),
  Double: number(8, 'Float64'),
  DateTime: long('BigUint64'),
};

/** The elements of an array value; undefined where the bytes are none. */
export function unpackArray(bytes: Uint8Array, element: TypeName): Scalar[] | undefined {
  if (element === 'Boolean') return unpackBooleans(bytes);
  if (element === 'String') return unpackTexts(bytes);
  const item = ITEMS[element];
  if (item === undefined || bytes.length % item.size !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / item.size }, (_, i) => item.read(view, i * item.size));
}

/** Throws a RangeError where an element is none of the type. */
export function packArray(values: readonly Scalar[], element: TypeName): Uint8Array {
  if (element === 'Boolean') return packBooleans(values);
  if (element === 'String') return Buffer.from(values.map((text) => `${text as string}\0`).join(''));
  const item = ITEMS[element];
  if (item === undefined) throw new RangeError(`There are no arrays of ${element}.`);
  const bytes = new Uint8Array(values.length * item.size);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => item.write(view, i * item.size, value));
  return bytes;
}

function unpackBooleans(bytes: Uint8Array): boolean[] | undefined {
  if (bytes.length < 4) return undefined;
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (Math.ceil(count / 8) !== bytes.length - 4) return undefined;
  return Array.from({ length: count }, (_, i) => (((bytes[4 + (i >> 3)] ?? 0) >> (7 - (i & 7))) & 1) === 1);
}

function packBooleans(values: readonly Scalar[]): Uint8Array {
  const bytes = new Uint8Array(4 + Math.ceil(values.length / 8));
  new DataView(bytes.buffer).setUint32(0, values.length, true);
  values.forEach((value, i) => {
    const place = 4 + (i >> 3);
    if (value === true || value === 1) bytes[place] = (bytes[place] ?? 0) | (0x80 >> (i & 7));
  });
  return bytes;
}

function unpackTexts(bytes: Uint8Array): string[] | undefined {
  if (bytes.length === 0) return [];
  if (bytes[bytes.length - 1] !== 0) return undefined;
  return Buffer.from(bytes.subarray(0, -1)).toString('utf8').split('\0');
}
