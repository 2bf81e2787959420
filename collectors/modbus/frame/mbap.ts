import { MOST_ADU } from './framing.ts';
import type { Arrival, Framing } from './framing.ts';

const HEADER = 6;
const NOTHING = new Uint8Array(0);

/** Modbus Messaging on TCP/IP V1.0b, 3.1.3: transaction, protocol 0, length, then unit and PDU. */
function header(bytes: Uint8Array): { transaction: number; length: number } | string {
  const at = (i: number) => (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
  const [transaction, protocol, length] = [at(0), at(2), at(4)];
  if (protocol !== 0) return `protocol ${protocol} stands in a header instead of 0`;
  if (length < 3 || length > MOST_ADU) return `a header announces ${length} bytes`;
  return { transaction, length };
}

/** Numbers the requests: a reply to an earlier one is told by that. */
function numbering(): {
  readonly send: (adu: Uint8Array) => Uint8Array;
  readonly arrival: (number: number, adu: Uint8Array) => Arrival;
} {
  let transaction = 0;
  let awaited = false;
  return {
    send(adu: Uint8Array): Uint8Array {
      transaction = (transaction + 1) & 0xffff;
      awaited = true;
      const frame = Buffer.allocUnsafe(HEADER + adu.length);
      frame.writeUInt16BE(transaction, 0);
      frame.writeUInt16BE(0, 2);
      frame.writeUInt16BE(adu.length, 4);
      frame.set(adu, HEADER);
      return frame;
    },
    arrival(number: number, adu: Uint8Array): Arrival {
      if (!awaited || number !== transaction) {
        return { type: 'stray', what: `a reply with number ${number}, which nothing waits for` };
      }
      awaited = false;
      return { type: 'reply', adu };
    },
  };
}

/** A stream has no marks between frames: once the header makes no sense, nothing after it does. */
export function mbapStream(): Framing {
  const { send, arrival } = numbering();
  let kept: Uint8Array = NOTHING;

  return {
    send,
    get torn() {
      return kept.length > 0;
    },
    take(bytes) {
      let rest = kept.length === 0 ? bytes : Buffer.concat([kept, bytes]);
      const arrivals: Arrival[] = [];
      while (rest.length >= HEADER) {
        const head = header(rest);
        if (typeof head === 'string') {
          kept = NOTHING;
          return [...arrivals, { type: 'broken', what: head }];
        }
        const end = HEADER + head.length;
        if (rest.length < end) break;
        arrivals.push(arrival(head.transaction, rest.subarray(HEADER, end)));
        rest = rest.subarray(end);
      }
      kept = rest.length === 0 ? NOTHING : Uint8Array.from(rest);
      return arrivals;
    },
  };
}

/** Each datagram is a frame of its own: a bad one spoils no other. */
export function mbapDatagrams(): Framing {
  const { send, arrival } = numbering();
  return {
    send,
    torn: false,
    take(bytes) {
      const head = bytes.length < HEADER ? `a datagram of ${bytes.length} bytes` : header(bytes);
      if (typeof head === 'string') return [{ type: 'stray', what: head }];
      if (bytes.length !== HEADER + head.length) {
        return [{ type: 'stray', what: `a header announces ${head.length} bytes in ${bytes.length}` }];
      }
      return [arrival(head.transaction, bytes.subarray(HEADER))];
    },
  };
}
