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

function allScaled(values: readonly number[], scale: number): Float64Array | null {
  const wholes = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const whole = scaled(values[i] ?? 0, scale);
    if (whole === null) return null;
    wholes[i] = whole;
  }
  return wholes;
}

function writeScaled(to: ByteWriter, values: readonly number[]): boolean {
  for (const [code, scale] of SCALES.entries()) {
    const wholes = allScaled(values, scale);
    if (wholes === null) continue;
    to.unsigned(SCALED);
    to.unsigned(code);
    let before = 0;
    for (const whole of wholes) {
      to.signed(whole - before);
      before = whole;
    }
    return true;
  }
  return false;
}

/** Worth it where each entry is used twice. A map cannot tell -0 from 0, so that goes to the planes. */
function writeDictionary(to: ByteWriter, values: readonly number[]): boolean {
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
function writePlanes(to: ByteWriter, values: readonly number[]): void {
  const { length } = values;
  const bytes = new Uint8Array(new Float64Array(values).buffer);
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

/** Writes at least one number. Nothing but their count is needed to read them back to the last bit. */
export function writeNumbers(to: ByteWriter, values: readonly number[]): void {
  const first = values[0] ?? 0;
  if (values.every((value) => Object.is(value, first))) {
    to.unsigned(CONSTANT);
    to.double(first);
  } else if (!writeScaled(to, values) && !writeDictionary(to, values)) {
    writePlanes(to, values);
  }
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
