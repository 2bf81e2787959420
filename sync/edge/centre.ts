import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { signRequest } from '../signature.ts';
import type { Signer } from '../signature.ts';
import { Hello, WIRE_VERSION } from '../wire.ts';
import type { Answer, Http, Question } from './http.ts';
import type { Lane } from './pace.ts';

/** The centre answered, but not as asked. */
export class CentreRefused extends Error {
  override name = 'CentreRefused';
  readonly status: number;
  readonly retryAfterMs: number | null;
  constructor(answer: Answer, asked: string) {
    super(`The centre answered ${asked} with ${answer.status}: ${problemOf(answer.body)}`);
    this.status = answer.status;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

const Problem = z.object({ title: z.string(), detail: z.string().optional() });

/** The words of a problem (RFC 9457), or the beginning of whatever else came. */
function problemOf(body: Buffer): string {
  try {
    const { title, detail } = Problem.parse(JSON.parse(body.toString()));
    return detail ?? title;
  } catch {
    return body.toString('utf8', 0, 200) || 'nothing';
  }
}

/** The centre, as one that signs its requests sees it. */
export interface Centre {
  /** How long a question and its answer take. */
  readonly roundTripMs: number;
  /** The JSON of a 2xx answer; anything else throws `CentreRefused`. */
  ask(
    method: Question['method'],
    target: string,
    signal: AbortSignal,
    more?: Partial<Pick<Question, 'body' | 'timeoutMs'> & { type: string; lane: Lane }>,
  ): Promise<unknown>;
}

/** A line whose other end is gone without a word is noticed within so long. */
const TIMEOUT_MS = 25_000;
const NO_BODY = new Uint8Array();

/**
 * Asks for the centre's clock and versions, then signs with the centre's time: a site whose clock is wrong is
 * heard all the same.
 */
export async function meetCentre(http: Http, signer: Signer, signal: AbortSignal): Promise<Centre> {
  const asked = Date.now();
  const hello = await http.ask(
    { method: 'GET', target: '/sync/v1/hello', headers: {}, body: NO_BODY, timeoutMs: TIMEOUT_MS },
    signal,
  );
  if (hello.status !== 200) throw new CentreRefused(hello, 'GET /sync/v1/hello');
  const { now, versions } = Hello.parse(JSON.parse(hello.body.toString()));
  if (!versions.includes(WIRE_VERSION))
    throw new Error(
      `The centre speaks the versions ${versions.join(', ')}, this site ${WIRE_VERSION}: update the older one.`,
    );
  const roundTripMs = Date.now() - asked;
  const aheadMs = now - (asked + roundTripMs / 2);
  return {
    roundTripMs,
    async ask(method, target, abort, { body = NO_BODY, timeoutMs = TIMEOUT_MS, type, lane = 'events' } = {}) {
      const [path = '', query] = target.split('?');
      const headers = signRequest(
        { method, authority: http.authority, path, query: `?${query ?? ''}`, body },
        signer,
        {
          created: Math.floor((Date.now() + aheadMs) / 1000),
          nonce: randomBytes(18).toString('base64url'),
        },
      );
      const answer = await http.ask(
        {
          method,
          target,
          headers: type === undefined ? headers : { ...headers, 'content-type': type },
          ...{ body, timeoutMs, lane },
        },
        abort,
      );
      if (answer.status < 200 || answer.status > 299) throw new CentreRefused(answer, `${method} ${path}`);
      return JSON.parse(answer.body.toString()) as unknown;
    },
  };
}
