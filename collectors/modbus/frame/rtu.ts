import { mismatch, MOST_ADU, replyLength } from './framing.ts';
import type { Arrival, Framing } from './framing.ts';

const EXCEPTION = 3;
const CRC = 2;

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >> 1 : (crc >> 1) ^ 0xa001;
  return crc;
});

/** Modbus over Serial Line V1.02, 6.2.2. */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0xffff;
  for (let i = from; i < to; i++) crc = (crc >> 8) ^ (table[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return crc;
}

export function withCrc(adu: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(adu.length + CRC);
  frame.set(adu);
  frame.writeUInt16LE(crc16(adu), adu.length);
  return frame;
}

/**
 * RTU has neither marks nor lengths, and over a network no silences either: the reply is found by what it must look like.
 * Whatever stands before it, or has a wrong check sum, is thrown away.
 */
export function rtu(): Framing {
  let asked: Uint8Array | undefined;
  let kept: Uint8Array = new Uint8Array(0);

  const found = (request: Uint8Array): { from: number; to: number } | undefined => {
    const lengths = [replyLength(request), EXCEPTION];
    for (let from = 0; from < kept.length; from++) {
      if (kept[from] !== request[0]) continue;
      for (const length of lengths) {
        const to = from + length;
        if (isFrame(kept, from, to) && isReply(request, kept.subarray(from, to))) return { from, to };
      }
    }
    return undefined;
  };

  return {
    send(adu) {
      asked = Uint8Array.from(adu);
      kept = new Uint8Array(0);
      return withCrc(adu);
    },
    torn: false,
    take(bytes) {
      if (asked === undefined) return [stray(bytes.length)];
      kept = Buffer.concat([kept, bytes]);
      const frame = found(asked);
      if (frame === undefined) {
        // A reply that has begun is never longer than this.
        if (kept.length <= MOST_ADU + CRC) return [];
        const excess = kept.length - MOST_ADU - CRC;
        kept = kept.subarray(excess);
        return [stray(excess)];
      }
      const adu = kept.subarray(frame.from, frame.to);
      const others = kept.length - adu.length - CRC;
      asked = undefined;
      return others > 0 ? [stray(others), { type: 'reply', adu }] : [{ type: 'reply', adu }];
    },
  };
}

const stray = (bytes: number): Arrival => ({ type: 'stray', what: `${bytes} bytes that belong to no reply` });

function isFrame(bytes: Uint8Array, from: number, to: number): boolean {
  if (to + CRC > bytes.length) return false;
  return crc16(bytes, from, to) === (bytes[to] ?? 0) + 256 * (bytes[to + 1] ?? 0);
}

/** Some lines echo what is sent on them: a read that comes back is no reply to itself. */
const isReply = (request: Uint8Array, adu: Uint8Array): boolean =>
  mismatch(request, adu) === undefined && !((request[1] ?? 0) <= 4 && Buffer.compare(request, adu) === 0);
