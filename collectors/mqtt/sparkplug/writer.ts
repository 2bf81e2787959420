import { DELIMITED } from './reader.ts';
import type { Long } from './reader.ts';

const FIRST_SIZE = 256;

/** Writes the wire format of protocol buffers. */
export class Writer {
  #bytes = Buffer.alloc(FIRST_SIZE);
  #at = 0;

  tag(field: number, wire: number): void {
    this.uint64(field * 8 + wire);
  }

  /** A negative number is written as its two's complement in 64 bits. */
  uint64(value: Long): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    this.#reserve(10);
    while (rest > 0x7fn) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  float(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeFloatLE(value, this.#at);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.uint64(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** A field of bytes, with its tag. */
  delimited(field: number, value: Uint8Array): void {
    this.tag(field, DELIMITED);
    this.bytes(value);
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(2 * this.#bytes.length, this.#at + length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
