const ZERO = 48;
const MINUS = 45;
const POINT = 46;
/** Below, whole numbers are counted with as 32 bits. */
const MOST = 2 ** 31;

/** No number takes more. */
export const LONGEST_NUMBER = 28;

function putWhole(bytes: Uint8Array, at: number, whole: number): number {
  let digits = 1;
  for (let power = 10; power <= whole; power *= 10) digits++;
  let rest = whole;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = Math.trunc(rest / 10);
    bytes[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}

/** Three digits behind the point, without zeros at their end. */
function putThousandths(bytes: Uint8Array, at: number, part: number): number {
  if (part === 0) return at;
  const [tenths, hundredths] = [Math.trunc(part / 100), Math.trunc(part / 10)];
  bytes[at] = POINT;
  bytes[at + 1] = ZERO + tenths;
  bytes[at + 2] = ZERO + hundredths - tenths * 10;
  bytes[at + 3] = ZERO + part - hundredths * 10;
  return part !== hundredths * 10 ? at + 4 : hundredths !== tenths * 10 ? at + 3 : at + 2;
}

/**
 * Writes a number at a place, as `String` does, and tells where the next byte goes; NaN is nothing. What has up to three
 * decimals is written at once: no shorter text stands for the same double.
 */
export function putNumber(bytes: Uint8Array, from: number, value: number): number {
  if (Number.isNaN(value)) return from;
  const size = Math.abs(value);
  const thousandths = Math.round(size * 1000);
  if (size < MOST && thousandths / 1000 === size) {
    let at = from;
    if (value < 0) bytes[at++] = MINUS;
    const whole = Math.trunc(size);
    return putThousandths(bytes, putWhole(bytes, at, whole), thousandths - whole * 1000);
  }
  const text = String(value);
  for (let i = 0; i < text.length; i++) bytes[from + i] = text.charCodeAt(i);
  return from + text.length;
}
