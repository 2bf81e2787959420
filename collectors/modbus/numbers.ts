import { exact } from '../value.ts';
import type { RegisterType } from './address.ts';

/** A number in registers: reading gives null where there is none, writing says what is wrong with the value. */
export interface NumberCodec {
  readonly read: (view: DataView, at: number) => number | string | null;
  readonly write: (view: DataView, value: number | bigint) => string | undefined;
}
export type NumberType = Exclude<RegisterType, 'bool' | 'string'>;

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const integer = (bits: number, signed: boolean, read: NumberCodec['read']): NumberCodec => {
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  return {
    read,
    write(view, value) {
      if (typeof value === 'number' && !Number.isSafeInteger(value))
        return 'is no whole number that is exact';
      const whole = BigInt(value);
      if (whole < least || whole > most) return `lies outside of ${least} to ${most}`;
      const bytes = BigInt.asUintN(bits, whole)
        .toString(16)
        .padStart(bits / 4, '0');
      for (let i = 0; i < bits / 8; i++) view.setUint8(i, Number.parseInt(bytes.slice(2 * i, 2 * i + 2), 16));
      return undefined;
    },
  };
};

const float = (
  read: (view: DataView, at: number) => number,
  write: (view: DataView, value: number) => void,
): NumberCodec => ({
  read: (view, at) => finite(read(view, at)),
  write(view, value) {
    const number = Number(value);
    if (!Number.isFinite(number)) return 'is no finite number';
    write(view, number);
    return Number.isFinite(read(view, 0)) ? undefined : 'is too large for this type';
  },
});

/** Binary-coded decimals: a nibble for each digit. A nibble above 9 is no digit. */
const decimal = (digits: number): NumberCodec => ({
  read(view, at) {
    let value = 0;
    for (let i = 0; i < digits / 2; i++) {
      const byte = view.getUint8(at + i);
      if (byte >> 4 > 9 || (byte & 15) > 9) return null;
      value = value * 100 + (byte >> 4) * 10 + (byte & 15);
    }
    return value;
  },
  write(view, value) {
    const most = 10 ** digits - 1;
    if (!Number.isInteger(Number(value)) || value < 0 || value > most) {
      return `is no whole number from 0 to ${most}`;
    }
    const text = String(value).padStart(digits, '0');
    for (let i = 0; i < digits / 2; i++) view.setUint8(i, Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
    return undefined;
  },
});

/** IEEE 754 binary16; `DataView` has it only in later versions of Node. */
export function halfToNumber(half: number): number {
  const sign = half >> 15 === 0 ? 1 : -1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** The nearest half, ties to even. */
export function numberToHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  if (size >= 65_520) return sign | 0x7c00; // halfway to what would come after the largest
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = toEven(size / 2 ** (exponent - 10));
  // A carry out of the fraction is the next exponent, and out of the last one infinity.
  const half = steps >= 1024 ? (exponent + 15) * 1024 + steps - 1024 : steps;
  return sign | half;
}

function toEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

export const numbers: Readonly<Record<NumberType, NumberCodec>> = {
  int16: integer(16, true, (view, at) => view.getInt16(at)),
  uint16: integer(16, false, (view, at) => view.getUint16(at)),
  int32: integer(32, true, (view, at) => view.getInt32(at)),
  uint32: integer(32, false, (view, at) => view.getUint32(at)),
  int64: integer(64, true, (view, at) => exact(view.getBigInt64(at))),
  uint64: integer(64, false, (view, at) => exact(view.getBigUint64(at))),
  float16: float(
    (view, at) => halfToNumber(view.getUint16(at)),
    (view, value) => view.setUint16(0, numberToHalf(value)),
  ),
  float32: float(
    (view, at) => view.getFloat32(at),
    (view, value) => view.setFloat32(0, value),
  ),
  float64: float(
    (view, at) => view.getFloat64(at),
    (view, value) => view.setFloat64(0, value),
  ),
  bcd16: decimal(4),
  bcd32: decimal(8),
};
