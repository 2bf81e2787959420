import type { ModbusAddress } from './address.ts';

const CONTROLS = /\p{Cc}/u;

/** The text up to its first NUL. */
export function textIn(
  bytes: Uint8Array,
  trim: ModbusAddress['trim'],
  encoding: ModbusAddress['encoding'],
): string {
  const end = bytes.indexOf(0);
  const text = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString(encoding);
  if (trim === 'none') return text;
  return trim === 'both' ? text.trim() : text.trimEnd();
}

/** The bytes of a text, filled up with NUL; or what is wrong with it. */
export function textBytes(
  text: string,
  length: number,
  encoding: ModbusAddress['encoding'],
): Uint8Array | string {
  if (CONTROLS.test(text)) return 'contains a control character';
  const bytes = Buffer.from(text, encoding);
  if (bytes.toString(encoding) !== text) return `contains a character that ${encoding} does not have`;
  if (bytes.length > length) return `takes ${bytes.length} bytes, and the tag has ${length}`;
  const own = new Uint8Array(length + (length % 2));
  own.set(bytes);
  return own;
}
