import { wordOf } from './words.ts';

/** Below, thousandths are counted exactly. */
const MOST = 1e9;

/** No number takes more bytes. */
export const LONGEST_NUMBER = 28;

const three = (number: number): string => String(number).padStart(3, '0');
const WHOLE = Uint32Array.from({ length: 1000 }, (_, whole) => wordOf(String(whole)));
const THREE = Uint32Array.from({ length: 1000 }, (_, whole) => wordOf(three(whole)));
/** What is behind the point, with it, without zeros at the end. */
const fractions = Array.from({ length: 1000 }, (_, part) =>
  part === 0 ? '' : `.${three(part)}`.replace(/0+$/, ''),
);
const FRACTION = Uint32Array.from(fractions, wordOf);
const FRACTION_LENGTH = Uint8Array.from(fractions, ({ length }) => length);

function putWhole(view: DataView, at: number, whole: number): number {
  if (whole < 1000) {
    view.setUint32(at, WHOLE[whole] ?? 0);
    return at + (whole < 10 ? 1 : whole < 100 ? 2 : 3);
  }
  const thousands = Math.floor(whole / 1000);
  const end = putWhole(view, at, thousands);
  view.setUint32(end, THREE[whole - thousands * 1000] ?? 0);
  return end + 3;
}

/**
 * Writes a number at a place, as `String` does, and tells where the next byte goes; NaN is nothing. What has up to three
 * decimals is written at once: no shorter text stands for the same double.
 */
export function putNumber(view: DataView, from: number, value: number): number {
  if (Number.isNaN(value)) return from;
  const size = Math.abs(value);
  const thousandths = Math.round(size * 1000);
  let at = from;
  if (size < MOST && thousandths / 1000 === size) {
    if (value < 0) view.setUint8(at++, 45);
    const whole = Math.floor(size);
    const part = thousandths - whole * 1000;
    at = putWhole(view, at, whole);
    view.setUint32(at, FRACTION[part] ?? 0);
    return at + (FRACTION_LENGTH[part] ?? 0);
  }
  const text = String(value);
  for (let i = 0; i < text.length; i++) view.setUint8(at++, text.charCodeAt(i));
  return at;
}
