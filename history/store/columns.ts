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

/** Turns the bytes round in their place. */
export function doublesOf(column: Buffer | null): Float64Array {
  const { buffer, byteOffset, byteLength } = (column ?? NONE).swap64();
  // A view of another width needs bytes that begin at a multiple of it.
  return byteOffset % 8 === 0
    ? new Float64Array(buffer, byteOffset, byteLength / 8)
    : new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Microseconds since the epoch. */
export function microsOf(column: Buffer | null): Float64Array {
  const { buffer, byteOffset, byteLength } = column ?? NONE;
  const view = new DataView(buffer, byteOffset, byteLength);
  const micros = new Float64Array(byteLength / 8);
  for (let i = 0; i < micros.length; i++)
    micros[i] = view.getInt32(i * 8) * 2 ** 32 + view.getUint32(i * 8 + 4) + MICROS_TO_2000;
  return micros;
}

export function int4sOf(column: Buffer | null): Int32Array {
  const { buffer, byteOffset, byteLength } = column ?? NONE;
  const view = new DataView(buffer, byteOffset, byteLength);
  return Int32Array.from({ length: byteLength / 4 }, (_, i) => view.getInt32(i * 4));
}

export function int2sOf(column: Buffer | null): Int16Array {
  const { buffer, byteOffset, byteLength } = column ?? NONE;
  const view = new DataView(buffer, byteOffset, byteLength);
  return Int16Array.from({ length: byteLength / 2 }, (_, i) => view.getInt16(i * 2));
}
