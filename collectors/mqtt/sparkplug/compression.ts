import { constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { Malformed } from './reader.ts';
import type { Payload } from './schema.ts';

/** The mark of a payload whose body is another one, compressed. */
export const COMPRESSED = 'SPBV1.0_COMPRESSED';

/** The decompressed body of a payload that has one; undefined where the payload stands for itself. */
export function unpacked({ uuid, body, metrics }: Payload, maxBytes: number): Uint8Array | undefined {
  if (uuid !== COMPRESSED) return undefined;
  if (body === undefined) throw new Malformed('it is marked as compressed and has no body');
  const named = metrics.find(({ name }) => name === 'algorithm')?.value;
  const unpack = unpackerOf(named?.in === 'string' ? named.value : 'DEFLATE', body);
  try {
    return unpack(body, { maxOutputLength: maxBytes, finishFlush: constants.Z_FINISH });
  } catch (err) {
    const large = (err as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const why = large ? `its body has more than ${maxBytes} bytes` : 'its body cannot be decompressed';
    throw new Malformed(why, { cause: err });
  }
}

function unpackerOf(algorithm: string, body: Uint8Array) {
  switch (algorithm.toUpperCase()) {
    case 'GZIP':
      return gunzipSync;
    case 'DEFLATE':
      return isZlib(body) ? inflateSync : inflateRawSync;
    default:
      throw new Malformed(`it is compressed by ${algorithm.slice(0, 20)}, which nobody knows`);
  }
}

/** The header of RFC 1950; without it the stream of RFC 1951 stands alone. */
const isZlib = (bytes: Uint8Array): boolean =>
  ((bytes[0] ?? 0) & 0x0f) === 8 && ((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)) % 31 === 0;
