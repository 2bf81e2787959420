// Just enough of ASN.1 DER (X.690) to write certificates and to read revocation lists.
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OID = 0x06;
export const UTF8 = 0x0c;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly raw: Buffer;
}

/** One element around its parts. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = unsigned(content.length);
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(SEQUENCE, ...parts);

/** A positive integer of any size, big-endian. */
export const integer = (bytes: Buffer): Buffer =>
  element(INTEGER, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(OID, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** RFC 5280, 4.1.2.5: two digits of a year until 2049, four from then on. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]|\.\d+/g, '');
  return at.getUTCFullYear() < 2050
    ? element(UTC_TIME, Buffer.from(digits.slice(2)))
    : element(GENERALIZED_TIME, Buffer.from(digits));
}

/** The elements that follow one another in `data`. Throws where it is cut off or of indefinite length. */
export function elements(data: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < data.length;) {
    const one = elementAt(data, at);
    found.push(one);
    at += one.raw.length;
  }
  return found;
}

/** The elements within the one that `data` begins with. */
export const within = (data: Buffer): Element[] => elements(elementAt(data, 0).content);

/** The length of the element that `data` begins with: several certificates may follow one another. */
export const firstLength = (data: Buffer): number => elementAt(data, 0).raw.length;

function elementAt(data: Buffer, at: number): Element {
  const tag = data[at];
  const short = data[at + 1];
  if (tag === undefined || short === undefined) throw new Error('The DER data is cut off.');
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  if (short === 0x80 || lengthBytes > 4) throw new Error('The DER data has a length that cannot be.');
  const start = at + 2 + lengthBytes;
  const length = lengthBytes === 0 ? short : readLength(data.subarray(at + 2, start), lengthBytes);
  if (start + length > data.length) throw new Error('The DER data is cut off.');
  return { tag, content: data.subarray(start, start + length), raw: data.subarray(at, start + length) };
}

function readLength(bytes: Buffer, expected: number): number {
  if (bytes.length < expected) throw new Error('The DER data is cut off.');
  return bytes.readUIntBE(0, expected);
}

function unsigned(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from(bytes);
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}
