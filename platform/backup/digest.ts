import { crc32 } from 'node:zlib';

const NEW_LINE = 10;
/** Sums of CRCs stay exact in a double. */
const MODULUS = 2 ** 52;

export interface RowsDigest {
  readonly rows: number;
  /** Sum of the CRC-32 of all rows, in whatever order. */
  readonly sum: number;
}

/** Counts and sums the lines of a text that comes in pieces. Their order does not matter. */
export function rowsDigest() {
  let rows = 0;
  let sum = 0;
  let line = 0;
  return {
    update(text: Uint8Array): void {
      let from = 0;
      for (let end = text.indexOf(NEW_LINE); end !== -1; end = text.indexOf(NEW_LINE, from)) {
        sum = (sum + crc32(text.subarray(from, end + 1), line)) % MODULUS;
        line = 0;
        rows += 1;
        from = end + 1;
      }
      if (from < text.length) line = crc32(text.subarray(from), line);
    },
    result: (): RowsDigest => ({ rows, sum }),
  };
}
