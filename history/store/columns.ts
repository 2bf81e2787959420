const MICROS_TO_2000 = Date.UTC(2000, 0, 1) * 1000;
const NONE = Buffer.alloc(0);

/**
 * Columns of many rows in one: what these make, the functions below read. In the server's binary form it costs a third
 * of as many rows. What is null comes out as NaN.
 */
export const doubleColumn = (sql: string): string => `string_agg(float8send(coalesce(${sql}, 'NaN')), '')`;
export const timeColumn = (sql: string): string => `string_agg(timestamptz_send(${sql}), '')`;
export const int4Column = (sql: string): string => `string_agg(int4send(${sql}), '')`;
export const int2Column = (sql: string): string => `string_agg(int2send(${sql}), '')`;

/** A view of another width needs bytes that begin at a multiple of it. */
const alignedTo = (
  width: number,
  { buffer, byteOffset, byteLength }: Buffer,
): [ArrayBufferLike, number, number] =>
  byteOffset % width === 0
    ? [buffer, byteOffset, byteLength / width]
    : [buffer.slice(byteOffset, byteOffset + byteLength), 0, byteLength / width];

// All of these turn the bytes round in their place.
export const doublesOf = (column: Buffer | null): Float64Array =>
  new Float64Array(...alignedTo(8, (column ?? NONE).swap64()));
export const int4sOf = (column: Buffer | null): Int32Array =>
  new Int32Array(...alignedTo(4, (column ?? NONE).swap32()));
export const int2sOf = (column: Buffer | null): Int16Array =>
  new Int16Array(...alignedTo(2, (column ?? NONE).swap16()));

/** Microseconds since the epoch. */
export function microsOf(column: Buffer | null): Float64Array {
  // The halves of each number, the lower one first.
  const halves = new Int32Array(...alignedTo(4, (column ?? NONE).swap64()));
  const micros = new Float64Array(halves.length / 2);
  for (let i = 0; i < micros.length; i++)
    micros[i] = (halves[2 * i + 1] ?? 0) * 2 ** 32 + ((halves[2 * i] ?? 0) >>> 0) + MICROS_TO_2000;
  return micros;
}

/** In which order these ascend; null where they do as they are. */
export const orderOf = (micros: Float64Array): Uint32Array | null =>
  micros.every((each, i) => i === 0 || each > (micros[i - 1] ?? 0))
    ? null
    : Uint32Array.from(micros, (_, i) => i).sort((a, b) => (micros[a] ?? 0) - (micros[b] ?? 0));

export const doublesIn = (order: Uint32Array, column: Float64Array): Float64Array =>
  Float64Array.from(order, (place) => column[place] ?? NaN);
export const int2sIn = (order: Uint32Array, column: Int16Array): Int16Array =>
  Int16Array.from(order, (place) => column[place] ?? 0);
