import { isUtf8 } from 'node:buffer';

/** A 64-bit integer: a number as long as that is exact, and a bigint beyond 2^53. */
export type Long = number | bigint;

/** The bytes are no such message. What they hold is not used in part. */
export class Malformed extends Error {
  override name = 'Malformed';
}

/** Wire types of the protocol buffers encoding. */
export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
export const FIXED32 = 5;

const TWO_32 = 4_294_967_296;

/** Reads the wire format of protocol buffers, and nothing beyond the end of its bytes. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Field number and wire type. */
  tag(): { field: number; wire: number } {
    const key = this.uint32();
    const field = key >>> 3;
    if (field === 0) throw new Malformed('it has a field number 0');
    return { field, wire: key & 7 };
  }

  /** At most ten bytes; bits beyond the 64th are dropped, as all implementations do. */
  uint64(): Long {
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (i < 4) low += bits * 2 ** (7 * i);
      else if (i < 8) middle += bits * 2 ** (7 * (i - 4));
      else high += bits * 2 ** (7 * (i - 8));
      if (byte < 0x80) return join(low, middle, high & 0xff);
    }
    throw new Malformed('a number in it takes more than ten bytes');
  }

  /** The low half of a number that may have been sent with 64 bits. */
  uint32(): number {
    const value = this.uint64();
    return typeof value === 'number' ? value % TWO_32 : Number(BigInt.asUintN(32, value));
  }

  bool(): boolean {
    return this.uint64() !== 0;
  }

  float(): number {
    return this.#view.getFloat32(this.#advance(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  /** A view of the bytes, not a copy. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const from = this.#advance(length);
    return this.#bytes.subarray(from, from + length);
  }

  string(): string {
    const bytes = this.bytes();
    if (!isUtf8(bytes)) throw new Malformed('a text in it is not UTF-8');
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  }

  /** Passes over a field that is not known. */
  skip(wire: number): void {
    if (wire === VARINT) this.uint64();
    else if (wire === FIXED64) this.#advance(8);
    else if (wire === DELIMITED) this.bytes();
    else if (wire === FIXED32) this.#advance(4);
    else throw new Malformed(`it has a field of wire type ${wire}`);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Malformed('it ends in the middle of a field');
    return byte;
  }

  #advance(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) throw new Malformed('it ends in the middle of a field');
    this.#at = from + length;
    return from;
  }
}

/** 28, 28 and 8 bits. */
function join(low: number, middle: number, high: number): Long {
  const near = low + middle * 2 ** 28 + high * 2 ** 56;
  if (near <= Number.MAX_SAFE_INTEGER) return near;
  return BigInt(low) | (BigInt(middle) << 28n) | (BigInt(high) << 56n);
}
