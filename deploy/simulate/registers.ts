import type { Process } from './process.ts';
import type { Variable } from './variables.ts';
import { servedBy, setPoints } from './variables.ts';

type Format = 'int16' | 'uint16' | 'int32' | 'float32';

/** One variable in the holding registers of unit 1. */
export interface Register {
  readonly name: string;
  readonly register: number;
  readonly format: Format;
  /** Order of the two words of a 32-bit value: `little` has the low word first. Bytes are always big-endian. */
  readonly words: 'big' | 'little';
  /** Value = number in the register × factor. */
  readonly factor: number;
}

type Row = readonly [register: number, name: string, format: Format, factor: number, words?: 'little'];

/**
 * The register map. Four blocks; a read that touches a register between them is refused with exception 2.
 *   0 to 8      separator and stripper, 16-bit integers
 *   16 to 21    steam, purge and compressor, 32-bit floats
 *   100 to 111  valves, 32-bit integers and floats in both word orders
 *   200 to 202  set-points, writable with functions 6 and 16
 */
const rows: readonly Row[] = [
  [0, 'XMEAS_11', 'int16', 0.01],
  [1, 'XMEAS_12', 'uint16', 0.01],
  [2, 'XMEAS_13', 'uint16', 0.1],
  [3, 'XMEAS_14', 'uint16', 0.001],
  [4, 'XMEAS_15', 'uint16', 0.01],
  [5, 'XMEAS_16', 'uint16', 0.1],
  [6, 'XMEAS_17', 'uint16', 0.001],
  [7, 'XMEAS_18', 'int16', 0.01],
  [8, 'XMEAS_22', 'int16', 0.01],
  [16, 'XMEAS_10', 'float32', 1],
  [18, 'XMEAS_19', 'float32', 1, 'little'],
  [20, 'XMEAS_20', 'float32', 1],
  [100, 'XMV_05', 'int32', 0.0001],
  [102, 'XMV_06', 'int32', 0.0001, 'little'],
  [104, 'XMV_07', 'float32', 1, 'little'],
  [106, 'XMV_08', 'float32', 1],
  [108, 'XMV_09', 'int32', 0.0001],
  [110, 'XMV_11', 'float32', 1, 'little'],
  [200, 'SP_12', 'uint16', 0.01],
  [201, 'SP_17', 'float32', 1],
];
export const registerMap: readonly Register[] = rows.map(([register, name, format, factor, words]) => ({
  register,
  name,
  format,
  factor,
  words: words ?? 'big',
}));

export const wordsOf = ({ format }: Register): number => (format.endsWith('32') ? 2 : 1);

/** The holding registers as a device keeps them. */
export interface Registers {
  /** The words from `start` on, all of one moment; undefined where one of them does not exist. */
  read(start: number, count: number): Buffer | undefined;
  /** Writes whole set-points; all or none. */
  write(start: number, words: Buffer): 'written' | 'no such register' | 'out of range';
}

interface Place {
  readonly register: Register;
  readonly variable: Variable;
  readonly word: number;
}

export function registersOf(plant: Process): Registers {
  const places = placesByAddress();

  return {
    read(start, count) {
      const now = Date.now();
      const words: Buffer[] = [];
      for (let address = start; address < start + count; address++) {
        const place = places.get(address);
        if (place === undefined) return undefined;
        const { register, variable, word } = place;
        words.push(encode(register, plant.value(variable, now)).subarray(2 * word, 2 * word + 2));
      }
      return Buffer.concat(words);
    },

    write(start, words) {
      const writes: { variable: Variable; value: number }[] = [];
      for (let at = 0; at < words.length;) {
        const place = places.get(start + at / 2);
        const size = place === undefined ? 0 : 2 * wordsOf(place.register);
        if (place?.word !== 0 || !isSetPoint(place.variable) || at + size > words.length) {
          return 'no such register';
        }
        writes.push({
          variable: place.variable,
          value: decode(place.register, words.subarray(at, at + size)),
        });
        at += size;
      }
      if (!writes.every(({ variable, value }) => within(variable, value))) return 'out of range';
      for (const { variable, value } of writes) plant.set(variable, value);
      return 'written';
    },
  };
}

const isSetPoint = ({ name }: Variable): boolean => setPoints.some((setPoint) => setPoint.name === name);
const within = ({ range: [low, high] }: Variable, value: number): boolean => value >= low && value <= high;

function placesByAddress(): Map<number, Place> {
  const byName = new Map(servedBy('modbus').map((variable) => [variable.name, variable]));
  const places = new Map<number, Place>();
  for (const register of registerMap) {
    const variable = byName.get(register.name);
    if (variable === undefined) throw new Error(`The Modbus device has no variable ${register.name}.`);
    for (let word = 0; word < wordsOf(register); word++) {
      places.set(register.register + word, { register, variable, word });
    }
  }
  return places;
}

export function encode({ format, words, factor }: Register, value: number): Buffer {
  const bytes = Buffer.alloc(format.endsWith('32') ? 4 : 2);
  const count = Math.round(value / factor);
  if (format === 'int16') bytes.writeInt16BE(count);
  else if (format === 'uint16') bytes.writeUInt16BE(count);
  else if (format === 'int32') bytes.writeInt32BE(count);
  else bytes.writeFloatBE(value / factor);
  return words === 'little' ? bytes.swap32().swap16() : bytes;
}

export function decode({ format, words, factor }: Register, raw: Buffer): number {
  const bytes = Buffer.from(raw);
  if (words === 'little') bytes.swap16().swap32();
  if (format === 'int16') return bytes.readInt16BE() * factor;
  if (format === 'uint16') return bytes.readUInt16BE() * factor;
  if (format === 'int32') return bytes.readInt32BE() * factor;
  return bytes.readFloatBE() * factor;
}
