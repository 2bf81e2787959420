import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodePayload, encodePayload } from '../../../../collectors/mqtt/sparkplug/codec.ts';
import { COMPRESSED } from '../../../../collectors/mqtt/sparkplug/compression.ts';
import { Malformed } from '../../../../collectors/mqtt/sparkplug/reader.ts';
import type { Payload } from '../../../../collectors/mqtt/sparkplug/schema.ts';

describe('compressed payloads', () => {
  const inner: Payload = {
    timestamp: 5,
    metrics: [{ name: 'a', datatype: 10, value: { in: 'double', value: 1.5 } }],
  };
  const wrap = (body: Uint8Array, algorithm?: string) =>
    encodePayload({
      uuid: COMPRESSED,
      body,
      seq: 7,
      metrics:
        algorithm === undefined
          ? []
          : [{ name: 'algorithm', datatype: 12, value: { in: 'string', value: algorithm } }],
    });

  test.each([
    ['GZIP', gzipSync, 'GZIP'],
    ['DEFLATE', deflateSync, 'DEFLATE'],
    ['DEFLATE without a header', deflateRawSync, 'deflate'],
    ['no algorithm named', deflateSync, undefined],
  ])('%s', (_, compress, algorithm) =>
    expect(decodePayload(wrap(compress(encodePayload(inner)), algorithm))).toEqual({ ...inner, seq: 7 }),
  );

  test('a compressed bomb is not unpacked', () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(() => decodePayload(wrap(bomb, 'GZIP'))).toThrow(/more than \d+ bytes/);
  });

  test.each([
    ['nonsense', wrap(Buffer.from('nonsense'), 'GZIP')],
    ['a cut body', wrap(gzipSync(encodePayload(inner)).subarray(0, 20), 'GZIP')],
    ['an unknown algorithm', wrap(Buffer.alloc(1), 'LZMA')],
    ['no body', encodePayload({ uuid: COMPRESSED })],
    [
      'a body that is compressed in turn with nothing in it',
      wrap(deflateSync(Buffer.from([0xff])), 'DEFLATE'),
    ],
  ])('%s is malformed', (_, given) => expect(() => decodePayload(given)).toThrow(Malformed));
});
