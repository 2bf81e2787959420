import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import { EXIT_CONFIG, Refusal } from '../../platform/cli.ts';
import { timeLimit } from '../../platform/time-limit.ts';

export interface Question {
  readonly method: 'GET' | 'POST';
  /** Path and query, as signed. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
}
export interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly body: Buffer;
}

/** The centre's address with its connections, which are kept open between requests. */
export interface Http extends Disposable {
  readonly authority: string;
  ask(question: Question, signal: AbortSignal): Promise<Answer>;
}

const MOST_ANSWERED = 64 * 1024 * 1024;

/** Plain HTTP is for this machine only; anything else must be https. */
export function centreUrl(text: string): URL {
  const url = new URL(text);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new Refusal(
    `centre.url is ${text}; readings would travel unprotected. Use https://, or http:// with a loopback host.`,
    EXIT_CONFIG,
  );
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));

/** `ca`: the PEM text of the authority that signed the centre's certificate, where the system does not know it. */
export function openHttp(url: URL, ca?: string): Http {
  const secure = url.protocol === 'https:';
  const agent = secure
    ? new https.Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) })
    : new http.Agent({ keepAlive: true });
  const request = secure ? https.request : http.request;

  const ask = ({ method, target, headers, body, timeoutMs }: Question, signal: AbortSignal) =>
    new Promise<Answer>((resolve, reject) => {
      const deadline = timeLimit(timeoutMs, signal);
      const outgoing = request(
        new URL(target, url.origin),
        { agent, method, signal: deadline, headers: { ...headers, 'content-length': body.byteLength } },
        (incoming) => void read(incoming).then(resolve, reject),
      );
      outgoing.on('error', (err) =>
        reject(
          new Error(`${url.origin} did not answer: ${err.message || (err as NodeJS.ErrnoException).code}`, {
            cause: err,
          }),
        ),
      );
      outgoing.end(body);
    });

  return { authority: url.host, ask, [Symbol.dispose]: () => agent.destroy() };
}

async function read(incoming: http.IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    bytes += part.byteLength;
    if (bytes > MOST_ANSWERED) throw new Error(`The centre's answer is longer than ${MOST_ANSWERED} bytes.`);
    parts.push(part);
  }
  const wait = Number(incoming.headers['retry-after']);
  return {
    status: incoming.statusCode ?? 0,
    retryAfterMs: Number.isFinite(wait) && wait > 0 ? wait * 1000 : null,
    body: Buffer.concat(parts),
  };
}
