import type { ByteReader, ByteWriter } from './bytes.ts';

// How a column of numbers is written: the first that gives back every bit.
const CONSTANT = 0;
const SCALED = 1;
const DICTIONARY = 2;
const PLANES = 3;

const SCALES = [1, 10, 100, 1000] as const;
/** Differences of two such numbers still fit a signed varint. */
const LARGEST_SCALED = 2 ** 50;
const LARGEST_DICTIONARY = 256;

/** `value * scale` where dividing by the scale gives back every bit of the value, else null. */
function scaled(value: number, scale: number): number | null {
  const whole = Math.round(value * scale);
  return Math.abs(whole) <= LARGEST_SCALED && Object.is(whole / scale, value) && !Object.is(whole, -0)
    ? whole
    : null;
}

/** What numbers were made of in the last attempt to scale them: used again and again, for there are many columns. */
let wholes = new Float64Array(1024);

function allScaled(values: Float64Array, from: number, end: number, scale: number): boolean {
  if (wholes.length < end - from) wholes = new Float64Array(2 * (end - from));
  for (let i = from; i < end; i++) {
    const whole = scaled(values[i] ?? 0, scale);
    if (whole === null) return false;
    wholes[i - from] = whole;
  }
  return true;
}

function writeScaled(to: ByteWriter, values: Float64Array, from: number, end: number): boolean {
  for (let code = 0; code < SCALES.length; code++) {
    if (!allScaled(values, from, end, SCALES[code] ?? 1)) continue;
    to.unsigned(SCALED);
    to.unsigned(code);
    let before = 0;
    for (let i = 0; i < end - from; i++) {
      const whole = wholes[i] ?? 0;
      to.signed(whole - before);
      before = whole;
    }
    return true;
  }
  return false;
}

/** Worth it where each entry is used twice. A map cannot tell -0 from 0, so that goes to the planes. */
function writeDictionary(to: ByteWriter, values: Float64Array): boolean {
  const entries = new Map<number, number>();
  const indexes = new Uint8Array(values.length);
  const most = Math.min(LARGEST_DICTIONARY, values.length >> 1);
  for (const [i, value] of values.entries()) {
    let index = entries.get(value);
    if (index === undefined) {
      if (entries.size >= most) return false;
      index = entries.size;
      entries.set(value, index);
    }
    if (Object.is(value, -0)) return false;
    indexes[i] = index;
  }
  to.unsigned(DICTIONARY);
  to.unsigned(entries.size);
  for (const entry of entries.keys()) to.double(entry);
  to.raw(indexes);
  return true;
}

/** Each number's bits XOR those of the one before, all first bytes together, then all second ones, and so on. */
function writePlanes(to: ByteWriter, values: Float64Array): void {
  const { length } = values;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const planes = new Uint8Array(bytes.length);
  for (let plane = 0; plane < 8; plane++) {
    let before = 0;
    for (let i = 0; i < length; i++) {
      const byte = bytes[i * 8 + plane] ?? 0;
      planes[plane * length + i] = byte ^ before;
      before = byte;
    }
  }
  to.unsigned(PLANES);
  to.raw(planes);
}

function isConstant(values: Float64Array, from: number, end: number): boolean {
  for (let i = from + 1; i < end; i++) if (!Object.is(values[i], values[from])) return false;
  return true;
}

/** Writes the numbers from one place to before another: one at least. Their count alone is needed to read every bit back. */
export function writeNumbers(to: ByteWriter, values: Float64Array, from: number, end: number): void {
  if (isConstant(values, from, end)) {
    to.unsigned(CONSTANT);
    to.double(values[from] ?? 0);
    return;
  }
  if (writeScaled(to, values, from, end)) return;
  const column = values.subarray(from, end);
  if (!writeDictionary(to, column)) writePlanes(to, column);
}

function readScaled(from: ByteReader, count: number): number[] {
  const scale = SCALES[from.unsigned()];
  if (scale === undefined) throw new RangeError('Unknown scale of a column.');
  const values = new Array<number>(count);
  let whole = 0;
  for (let i = 0; i < count; i++) {
    whole += from.signed();
    values[i] = whole / scale;
  }
  return values;
}

function readDictionary(from: ByteReader, count: number): number[] {
  const size = from.unsigned();
  if (size > LARGEST_DICTIONARY) throw new RangeError(`A dictionary of ${size} entries is too large.`);
  const entries = Array.from({ length: size }, () => from.double());
  return Array.from(from.raw(count), (index) => {
    const entry = entries[index];
    if (entry === undefined) throw new RangeError('A dictionary has no such entry.');
    return entry;
  });
}

function readPlanes(from: ByteReader, count: number): number[] {
  const planes = from.raw(count * 8);
  const bytes = new Uint8Array(count * 8);
  for (let plane = 0; plane < 8; plane++) {
    let byte = 0;
    for (let i = 0; i < count; i++) {
      byte ^= planes[plane * count + i] ?? 0;
      bytes[i * 8 + plane] = byte;
    }
  }
  return Array.from(new Float64Array(bytes.buffer));
}

export function readNumbers(from: ByteReader, count: number): number[] {
  const form = from.unsigned();
  if (form === CONSTANT) return new Array<number>(count).fill(from.double());
  if (form === SCALED) return readScaled(from, count);
  if (form === DICTIONARY) return readDictionary(from, count);
  if (form === PLANES) return readPlanes(from, count);
  throw new RangeError(`Unknown form ${form} of a column.`);
}
