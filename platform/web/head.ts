import { HEADER_BYTES, HEADER_COUNT } from './server.ts';
import type { Answer } from './server.ts';
import { problemAnswer } from './problem.ts';

/** Header names in lower case with their values, in the order they came; repeated ones stay apart. */
export type RawHeaders = readonly (readonly [name: string, value: string])[];

/** A request that two readers could understand differently must not be answered (RFC 9112, 6.3 and 3.2). */
export function refusal(target: string, headers: RawHeaders): Answer | undefined {
  const all = (name: string) => headers.filter(([key]) => key === name).map(([, value]) => value);
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);

  if (bytes > HEADER_BYTES || headers.length > HEADER_COUNT)
    return refuse(
      431,
      `The headers are too large: at most ${HEADER_BYTES} bytes and ${HEADER_COUNT} fields.`,
    );
  if (!target.startsWith('/')) return refuse(400, 'The request target must be a path that begins with /.');
  if (all('host').length !== 1) return refuse(400, 'Exactly one Host header is needed.');
  return ambiguous(all('content-length'), all('transfer-encoding'));
}

function ambiguous(lengths: readonly string[], codings: readonly string[]): Answer | undefined {
  if (lengths.length > 1) return refuse(400, 'Content-Length must not be given twice.');
  if (lengths.length > 0 && codings.length > 0)
    return refuse(400, 'Content-Length and Transfer-Encoding must not be given together.');
  if (!lengths.every((length) => /^\d{1,15}$/.test(length)))
    return refuse(400, 'Content-Length must be a number of bytes.');
  if (codings.length > 1 || !codings.every((coding) => coding.toLowerCase() === 'chunked'))
    return refuse(400, "The only Transfer-Encoding understood is 'chunked'.");
  return undefined;
}

const refuse = (status: number, detail: string): Answer => problemAnswer({ status, detail, close: true });

/** One value a name; cookies come back together as RFC 6265 joins them. */
export function joinHeaders(headers: RawHeaders): ReadonlyMap<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  return joined;
}

/** `::ffff:127.0.0.1`, also written in full, as the IPv4 address it is. */
export function plainAddress(address: string): string {
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const groups = /^(?:0000:){5}ffff:([\da-f]{2})([\da-f]{2}):([\da-f]{2})([\da-f]{2})$/i.exec(address);
  if (groups !== null)
    return groups
      .slice(1)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.');
  return address === '0000:0000:0000:0000:0000:0000:0000:0001' ? '::1' : address;
}
