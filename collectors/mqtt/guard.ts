/**
 * Follows the packets of one connection by their fixed headers (MQTT 3.1.1, 2.2). Returns why the connection must
 * end, or undefined. Stands before the parser, which would buffer up to 256 MB of a packet before anyone signs in.
 */
export function packetGuard(maxBytes: number): (chunk: Uint8Array) => string | undefined {
  let bodyLeft = 0;
  /** Undefined: the next byte starts a packet. Otherwise the length read so far, and the digits it took. */
  let header: { length: number; digits: number } | undefined;

  const lengthDigit = (byte: number): string | undefined => {
    const { length, digits } = header ?? { length: 0, digits: 0 };
    const total = length + (byte & 0x7f) * 128 ** digits;
    if (total > maxBytes) return `a packet of more than ${maxBytes} bytes`;
    if (byte < 0x80) {
      bodyLeft = total;
      header = undefined;
    } else if (digits === 3) {
      return 'a malformed packet length';
    } else {
      header = { length: total, digits: digits + 1 };
    }
    return undefined;
  };

  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (bodyLeft > 0) {
        const skipped = Math.min(bodyLeft, chunk.length - at);
        bodyLeft -= skipped;
        at += skipped;
      } else if (header === undefined) {
        header = { length: 0, digits: 0 };
        at++;
      } else {
        const wrong = lengthDigit(chunk[at++] ?? 0);
        if (wrong !== undefined) return wrong;
      }
    }
    return undefined;
  };
}
