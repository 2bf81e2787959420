import { integerOf, integerRange } from './datatype.ts';
import type { TypeName } from './datatype.ts';
import type { Long } from './reader.ts';
import type { WireValue } from './schema.ts';

/** Exact: a number up to 2^53, a bigint beyond. */
export const short = (value: bigint): Long => {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
};

/**
 * The rule is two's complement in 32 bits for the types up to Int32, and in 64 for Int64. Other implementations send a
 * UInt32 in the 64-bit field, negative numbers with the sign of 64 bits, or an Int8 in 8 bits: these are understood,
 * because each can mean one number only. What fits no reading is no value of the type.
 */
export function readInteger(wire: WireValue, type: TypeName): Long | undefined {
  const integer = integerOf(type);
  const [least, most] = integerRange(type) ?? [0n, 0n];
  if (integer === undefined || (wire.in !== 'int' && wire.in !== 'long')) return undefined;
  const plain = BigInt(wire.value);
  const widths = [...(wire.in === 'int' ? [32] : [64, 32]), integer.bits].filter(
    (bits) => plain >> BigInt(bits) === 0n,
  );
  const readings = integer.signed ? widths.map((bits) => BigInt.asIntN(bits, plain)) : [plain];
  const value = readings.find((reading) => reading >= least && reading <= most);
  return value === undefined ? undefined : short(value);
}

/** Throws a RangeError that says why the value is none of the type. */
export function writeInteger(value: unknown, type: TypeName): WireValue {
  const [least, most] = integerRange(type) ?? [0n, 0n];
  const whole = toBigInt(value);
  if (whole === undefined) throw new RangeError(`it is no whole number, as ${type} needs`);
  if (whole < least || whole > most) throw new RangeError(`${type} goes from ${least} to ${most}`);
  if (integerOf(type)?.bits === 64) return { in: 'long', value: short(BigInt.asUintN(64, whole)) };
  return { in: 'int', value: Number(BigInt.asUintN(32, whole)) };
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}
