import { DataType } from 'node-opcua-client';
import type { Names } from './enumeration.ts';

/** A value that a node of this type cannot hold, and why: nothing was sent. */
export class Unfit extends Error {
  override name = 'Unfit';
}

const INTEGER_BITS: Partial<Record<DataType, readonly [bits: number, signed: boolean]>> = {
  [DataType.SByte]: [8, true],
  [DataType.Byte]: [8, false],
  [DataType.Int16]: [16, true],
  [DataType.UInt16]: [16, false],
  [DataType.Int32]: [32, true],
  [DataType.UInt32]: [32, false],
  [DataType.Int64]: [64, true],
  [DataType.UInt64]: [64, false],
};
const INTEGER = /^[+-]?\d{1,20}$/;
const LARGEST_FLOAT = 3.4028234663852886e38;

/**
 * A value as the library encodes it for exactly this type: servers refuse an Int32 for a Double (BadTypeMismatch).
 * Throws `Unfit`. An enumeration is given by name or by one of its numbers.
 */
export function cast(type: DataType, given: unknown, names?: Names): unknown {
  const value = named(given, names);
  const integer = INTEGER_BITS[type];
  if (integer !== undefined) return asInteger(DataType[type], value, integer);
  const to = casts[type];
  if (to === undefined) throw new Unfit(`a ${DataType[type]} cannot be written`);
  return to(value);
}

const casts: Partial<Record<DataType, (value: unknown) => unknown>> = {
  [DataType.Boolean]: asBoolean,
  [DataType.Float]: (value) => {
    const number = asNumber('Float', value);
    if (Math.abs(number) > LARGEST_FLOAT) throw new Unfit(`${number} is beyond what a Float can hold`);
    return Math.fround(number);
  },
  [DataType.Double]: (value) => asNumber('Double', value),
  [DataType.String]: asText,
  [DataType.LocalizedText]: (value) => ({ text: asText(value) }),
  [DataType.DateTime]: asDate,
};

function named(value: unknown, names: Names | undefined): unknown {
  if (names === undefined || names.size === 0) return value;
  for (const [number, name] of names) if (name === value) return number;
  if (names.has(Number(value))) return Number(value);
  throw new Unfit(`${show(value)} is none of ${[...names.values()].join(', ')}`);
}

function asInteger(type: string, value: unknown, [bits, signed]: readonly [number, boolean]): unknown {
  const exact = integerIn(value);
  if (exact === undefined) throw new Unfit(`${show(value)} is no whole number, as ${type} must be`);
  const [low, high] = signed
    ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
    : [0n, 2n ** BigInt(bits) - 1n];
  if (exact < low || exact > high)
    throw new Unfit(`${exact} is not between ${low} and ${high}, as ${type} must be`);
  if (bits < 64) return Number(exact);
  const unsigned = BigInt.asUintN(64, exact);
  return [Number(unsigned >> 32n), Number(unsigned & 0xffff_ffffn)];
}

function integerIn(value: unknown): bigint | undefined {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && INTEGER.test(value.trim()) ? BigInt(value.trim()) : undefined;
}

function asNumber(type: string, value: unknown): number {
  const text = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  const number = typeof text === 'boolean' ? Number(text) : text;
  if (typeof number !== 'number' || !Number.isFinite(number))
    throw new Unfit(`${show(value)} is no finite number, as ${type} must be`);
  return number;
}

function asBoolean(value: unknown): boolean {
  if (value === true || value === 1 || value === '1' || value === 'true') return true;
  if (value === false || value === 0 || value === '0' || value === 'false') return false;
  throw new Unfit(`${show(value)} is neither true nor false`);
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Unfit(`${show(value)} is no text`);
}

/** ISO 8601, or milliseconds since the epoch. */
function asDate(value: unknown): Date {
  const at = typeof value === 'number' ? value : Date.parse(asText(value));
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) throw new Unfit(`${show(value)} is no point in time`);
  return date;
}

const show = (value: unknown): string =>
  (typeof value === 'number'
    ? String(value)
    : ((JSON.stringify(value ?? null) as string | undefined) ?? 'this')
  ).slice(0, 60);
