import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import { EXIT_CONFIG, Refusal } from '../../platform/cli.ts';
import type { Lane, Pace } from './pace.ts';

export interface Question {
  readonly method: 'GET' | 'POST';
  /** Path and query, as signed. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** How long the centre may take nothing and say nothing. */
  readonly timeoutMs: number;
  /** How urgent it is, where there is a limit of bandwidth; without it, as urgent as events. */
  readonly lane?: Lane;
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

interface Way {
  /** PEM of the authority that signed the centre's certificate, where the system does not know it. */
  readonly ca?: string | undefined;
  /** Says when how many bytes may be sent. */
  readonly pace?: Pace;
}

/** A line that carries less than this is taken for one that carries nothing. */
const SLOWEST_BYTES_PER_MS = 2;

export function openHttp(url: URL, { ca, pace }: Way = {}): Http {
  const secure = url.protocol === 'https:';
  const agent = secure
    ? new https.Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) })
    : new http.Agent({ keepAlive: true });
  const request = secure ? https.request : http.request;

  const ask = async (question: Question, signal: AbortSignal): Promise<Answer> => {
    const { method, target, body, timeoutMs, lane = 'events' } = question;
    const headers = { ...question.headers, 'content-length': body.byteLength };
    await pace?.take(lane, bytesOf(method, target, headers), signal);
    using silence = silenceLimit(timeoutMs + body.byteLength / SLOWEST_BYTES_PER_MS, signal);
    return await new Promise<Answer>((resolve, reject) => {
      const outgoing = request(
        new URL(target, url.origin),
        { agent, method, signal: silence.signal, headers },
        (incoming) => void read(incoming).then(resolve, reject),
      );
      outgoing.on('error', (err) =>
        reject(
          new Error(`${url.origin} did not answer: ${err.message || (err as NodeJS.ErrnoException).code}`, {
            cause: silence.signal.aborted ? silence.signal.reason : err,
          }),
        ),
      );
      void write(outgoing, body, { pace, lane, silence }).catch((err: unknown) =>
        outgoing.destroy(err as Error),
      );
    });
  };

  return { authority: url.host, ask, [Symbol.dispose]: () => agent.destroy() };
}

/** What HTTP itself puts around the headers that we name: host, connection, line ends. */
const AROUND_BYTES = 80;

function bytesOf(method: string, target: string, headers: Readonly<Record<string, string | number>>): number {
  const lines = Object.entries(headers).map(([name, value]) => name.length + String(value).length + 4);
  return lines.reduce((sum, bytes) => sum + bytes, AROUND_BYTES + method.length + target.length);
}

interface Silence extends Disposable {
  readonly signal: AbortSignal;
  /** Something was said: the time begins anew. */
  heard(): void;
}

function silenceLimit(ms: number, signal: AbortSignal): Silence {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new DOMException(`Nothing came for ${Math.round(ms)} ms.`, 'TimeoutError')),
    ms,
  );
  return {
    signal: AbortSignal.any([late.signal, signal]),
    heard: () => timer.refresh(),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

interface Writing {
  readonly pace: Pace | undefined;
  readonly lane: Lane;
  readonly silence: Silence;
}

/** Sends a body, in pieces as the pace allows. */
async function write(to: http.ClientRequest, body: Uint8Array, { pace, lane, silence }: Writing) {
  let sent = 0;
  for (;;) {
    const piece = pace?.pieceBytes() ?? null;
    if (pace === undefined || piece === null || sent >= body.byteLength) break;
    const next = body.subarray(sent, sent + piece);
    await pace.take(lane, next.byteLength, silence.signal);
    silence.heard();
    to.write(next);
    sent += next.byteLength;
  }
  to.end(body.subarray(sent));
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
