/** What came on a line: the reply to the request last sent, or something else. */
export type Arrival =
  /** Unit and PDU, without what the line puts around them. */
  | { readonly type: 'reply'; readonly adu: Uint8Array }
  /** Whole or in part a frame that belongs to nothing now asked for: it is thrown away. */
  | { readonly type: 'stray'; readonly what: string }
  /** The stream cannot be read any more: the connection has to be opened anew. */
  | { readonly type: 'broken'; readonly what: string };

/** How requests and replies are wrapped on a line. One request at a time. */
export interface Framing {
  /** The bytes to send for a request of unit and PDU, to which from now on the reply is awaited. */
  send(adu: Uint8Array): Uint8Array;
  /** Takes what came, in pieces of any size. */
  take(bytes: Uint8Array): Arrival[];
  /** Whether a frame has begun and not ended: what comes next would be taken for the rest of it. */
  readonly torn: boolean;
}

/** The longest PDU, and the unit before it (Modbus Application Protocol V1.1b3, 4.1). */
export const MOST_ADU = 254;

/** How long the right reply is, with its unit (Modbus Application Protocol V1.1b3, section 6). */
export function replyLength(request: Uint8Array): number {
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
  const code = view.getUint8(1);
  if (code === 1 || code === 2) return 3 + Math.ceil(view.getUint16(4) / 8);
  if (code === 3 || code === 4) return 3 + 2 * view.getUint16(4);
  return code === 22 ? 8 : 6;
}
const EXCEPTION_LENGTH = 3;

/** What a reply has in it that the request did not ask for; undefined: it is the answer, or an exception. */
export function mismatch(request: Uint8Array, reply: Uint8Array): string | undefined {
  const [unit = 0, asked = 0] = request;
  const [from, code] = reply;
  if (from !== unit) return `unit ${String(from)} answered instead of ${unit}`;
  if (code === (asked | 0x80)) {
    return reply.length === EXCEPTION_LENGTH ? undefined : `an exception of ${reply.length} bytes`;
  }
  if (code !== asked) return `function ${String(code)} came instead of ${asked}`;
  const expected = replyLength(request);
  if (reply.length !== expected) return `${reply.length} bytes came instead of ${expected}`;
  return asked <= 4 ? miscounted(reply) : misechoed(request, reply);
}

const miscounted = (reply: Uint8Array): string | undefined =>
  reply[2] === reply.length - 3
    ? undefined
    : `a byte count of ${reply[2] ?? '-'} for ${reply.length - 3} bytes`;

/** Writes are answered with what was written: the value for one, address and count for several. */
const misechoed = (request: Uint8Array, reply: Uint8Array): string | undefined =>
  reply.every((byte, i) => byte === request[i])
    ? undefined
    : 'the echo of a write differs from what was written';
