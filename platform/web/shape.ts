import type { Answer } from './server.ts';

/** How the body of an answer goes out: whole, in pieces, or not at all. */
export type Shape =
  | { readonly kind: 'whole'; readonly body: string | Uint8Array; readonly bytes: number }
  | { readonly kind: 'none'; readonly bytes: number | undefined }
  | { readonly kind: 'pieces'; readonly body: AsyncIterable<Uint8Array> };

/** A HEAD answer tells the length of what it leaves out (RFC 9110, 9.3.2); 204 and 304 have no body at all. */
export function shapeOf({ status, body = '' }: Answer, method: string): Shape {
  if (status === 204 || status === 304) return { kind: 'none', bytes: undefined };
  const whole = typeof body === 'string' || body instanceof Uint8Array;
  if (method === 'HEAD') return { kind: 'none', bytes: whole ? Buffer.byteLength(body) : undefined };
  return whole ? { kind: 'whole', body, bytes: Buffer.byteLength(body) } : { kind: 'pieces', body };
}
