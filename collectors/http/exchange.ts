import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { BrotliOptions, ZlibOptions } from 'node:zlib';
import { messageOf } from '../message-of.ts';
import type { HttpConfig } from './config.ts';
import { timeLimit } from '../../platform/time-limit.ts';

export interface Ask {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a POST; without: a GET. */
  readonly body?: string;
}
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}
/** One question, one answer: no redirects, no credentials of its own. */
export type Exchange = (ask: Ask, signal: AbortSignal) => Promise<Answer>;

/** There was no whole answer: nobody listens, or the connection broke. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}
/** The answer is longer than it may be. */
export class TooLong extends Error {
  override name = 'TooLong';
}

/** Connections of one source, kept open between requests. */
const SOCKETS = 4;

type Limits = Pick<HttpConfig, 'timeoutMs' | 'maxBytes' | 'caFile'>;

export function exchange({ timeoutMs, maxBytes, caFile }: Limits): Disposable & { readonly ask: Exchange } {
  const shared = { keepAlive: true, maxSockets: SOCKETS, timeout: timeoutMs };
  const plain = new http.Agent(shared);
  const secure = new https.Agent({
    ...shared,
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
  });
  const once = (ask: Ask, signal: AbortSignal): Promise<Answer> => {
    const agent = ask.url.protocol === 'https:' ? secure : plain;
    return send(ask, { agent, maxBytes }, signal);
  };
  return {
    async ask(ask, signal) {
      const late = timeLimit(timeoutMs);
      const either = AbortSignal.any([signal, late]);
      try {
        // A kept connection may have been closed by the server just now: that is no fault of anybody.
        return await once(ask, either).catch((err: unknown) => {
          if (isStale(err)) return once(ask, either);
          throw err;
        });
      } catch (err) {
        if (signal.aborted || err instanceof TooLong) throw err;
        const why = late.aborted ? `no whole answer within ${timeoutMs} ms` : messageOf(err);
        throw new Unreachable(`${ask.url.host}: ${why}`, { cause: err });
      }
    },
    [Symbol.dispose]() {
      plain.destroy();
      secure.destroy();
    },
  };
}

const isStale = (err: unknown): boolean =>
  err instanceof Error && (err as Error & { reused?: boolean }).reused === true;

interface Way {
  readonly agent: http.Agent | https.Agent;
  readonly maxBytes: number;
}

function send({ url, headers, body }: Ask, { agent, maxBytes }: Way, signal: AbortSignal): Promise<Answer> {
  const { request } = url.protocol === 'https:' ? https : http;
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(url, {
      agent,
      method,
      signal,
      headers: { 'accept-encoding': 'gzip', ...headers, ...length },
    });
    sent.on('error', (err) => reject(Object.assign(err, { reused: sent.reusedSocket && isReset(err) })));
    sent.on('response', (response) => {
      const { statusCode = 0, headers } = response;
      collect(response, maxBytes).then(
        (body) => resolve({ url, status: statusCode, headers, body }),
        (err: unknown) => {
          response.destroy();
          reject(err instanceof Error ? err : new Error(String(err)));
        },
      );
    });
    sent.end(body);
  });
}

const isReset = (err: Error): boolean =>
  ['ECONNRESET', 'EPIPE'].includes(String((err as NodeJS.ErrnoException).code));

/** The whole body, unpacked. Its length counts before and after: a small packet can unpack to a very large one. */
async function collect(response: http.IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLong(maxBytes);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const coding = response.headers['content-encoding']?.toLowerCase() ?? 'identity';
  // An answer without a body, like a 304, may still say how one would be packed.
  return coding === 'identity' || length === 0 ? body : unpacked(body, coding, maxBytes);
}

const tooLong = (maxBytes: number) => new TooLong(`the answer is longer than ${maxBytes} bytes`);

const UNPACKERS = new Map([
  ['gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['x-gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, ZlibOptions, Buffer>(inflate)],
  ['br', promisify<Buffer, BrotliOptions, Buffer>(brotliDecompress)],
]);

async function unpacked(body: Buffer, coding: string, maxBytes: number): Promise<Buffer> {
  const unpack = UNPACKERS.get(coding);
  if (unpack === undefined) throw new Error(`the answer is packed as ${coding}, which was not asked for`);
  try {
    return await unpack(body, { maxOutputLength: maxBytes });
  } catch (err) {
    throw (err as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLong(maxBytes) : err;
  }
}
