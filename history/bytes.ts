const TWO_TO_7 = 0x80;
const TWO_TO_31 = 0x8000_0000;

/** Bytes that grow as they are written. Numbers of unknown size are LEB128 varints. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  /** What was written so far; valid until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  #room(size: number): number {
    const start = this.#end;
    this.#end += size;
    if (this.#end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#end, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }

  /** A whole number from 0 to 2^53 - 1. */
  unsigned(value: number): void {
    let rest = value;
    let at = this.#room(8);
    const from = at;
    while (rest >= TWO_TO_31) {
      this.#bytes[at++] = (rest % TWO_TO_7) | 0x80;
      rest = Math.floor(rest / TWO_TO_7);
    }
    while (rest > 0x7f) {
      this.#bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[at++] = rest;
    this.#end = from + (at - from);
  }

  /** A whole number from -2^52 to 2^52 - 1: small ones of either sign are short (zigzag). */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  double(value: number): void {
    const start = this.#room(8); // may move the view
    this.#view.setFloat64(start, value, true);
  }

  raw(bytes: Uint8Array): void {
    const start = this.#room(bytes.length);
    this.#bytes.set(bytes, start);
  }

  /** A text with its length, as UTF-8. */
  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.unsigned(bytes.length);
    this.raw(bytes);
  }
}

/** Reads what a `ByteWriter` wrote. Every read past the end is a `RangeError`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #next = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#next === this.#bytes.length;
  }

  unsigned(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.#bytes[this.#next++];
      if (byte === undefined) throw new RangeError('The bytes end in the middle of a number.');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= TWO_TO_7;
    }
    throw new RangeError('A number is longer than 8 bytes.');
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    this.#next += 8;
    return this.#view.getFloat64(this.#next - 8, true);
  }

  raw(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#next)
      throw new RangeError(`${length} bytes are due, ${this.#bytes.length - this.#next} are left.`);
    this.#next += length;
    return this.#bytes.subarray(this.#next - length, this.#next);
  }

  text(): string {
    return Buffer.from(this.raw(this.unsigned())).toString('utf8');
  }
}
