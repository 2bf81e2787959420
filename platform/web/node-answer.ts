import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { HEADER_BYTES } from './server.ts';
import type { Answer } from './server.ts';
import { shapeOf } from './shape.ts';
import { pump, untilTaken } from './stream.ts';

/** Sends an answer; settles when it is out or the peer has left. `last` ends the connection. */
export async function send(
  res: ServerResponse,
  answer: Answer,
  signal: AbortSignal,
  last: boolean,
): Promise<void> {
  if (signal.aborted) {
    res.destroy();
    return;
  }
  const shape = shapeOf(answer, res.req.method ?? '');
  const close = last || answer.close === true ? { connection: 'close' } : {};
  const length =
    shape.kind === 'pieces' || shape.bytes === undefined ? {} : { 'content-length': shape.bytes };
  res.writeHead(answer.status, { ...answer.headers, ...length, ...close });
  if (shape.kind !== 'pieces') {
    res.end(shape.kind === 'whole' ? shape.body : undefined);
    return;
  }
  try {
    await pump(shape.body, signal, (piece) =>
      res.write(piece) ? Promise.resolve() : untilTaken((taken) => res.once('drain', taken), signal),
    );
    res.end();
  } catch {
    // The peer left, or the source failed in the middle: a cut connection is the only way to say it now.
    res.destroy();
  }
}

/** What Node's parser refuses never becomes a request. Another answer that is under way must stay whole. */
export function refuseMalformed(err: NodeJS.ErrnoException, stream: Duplex, answering: boolean): void {
  if (err.code === 'ECONNRESET' || !stream.writable || answering) {
    stream.destroy();
    return;
  }
  const tooLarge = err.code === 'HPE_HEADER_OVERFLOW';
  const body = JSON.stringify(
    tooLarge
      ? { status: 431, title: 'Request Header Fields Too Large', detail: `At most ${HEADER_BYTES} bytes.` }
      : { status: 400, title: 'Bad Request', detail: 'This is not a well-formed HTTP request.' },
  );
  stream.end(
    `HTTP/1.1 ${tooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request'}\r\n` +
      `content-type: application/problem+json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
