import { Refused, credentials } from './auth.ts';
import type { HttpConfig } from './config.ts';
import { Unreachable } from './exchange.ts';
import type { Answer, Exchange } from './exchange.ts';

/** Fetches a document as the source is allowed to: with its credentials, over a few redirects. */
export type Fetch = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<Answer>;

/** The server asks us to wait. */
export class Busy extends Refused {
  override name = 'Busy';
  readonly retryAfterMs: number | undefined;
  constructor(message: string, status: number, retryAfterMs: number | undefined) {
    super(message, status);
    this.retryAfterMs = retryAfterMs;
  }
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const LONGEST_WAIT_MS = 86_400_000;

type Fetching = Pick<HttpConfig, 'url' | 'headers' | 'auth' | 'redirects'>;

export function fetcher(config: Fetching, ask: Exchange): Fetch {
  const { origin } = new URL(config.url);
  const me = credentials(config.auth, ask);
  const own = Object.fromEntries(
    Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );

  /** What is ours goes to our server alone. */
  const headersFor = async (url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal) =>
    url.origin === origin ? { ...own, ...headers, ...(await me.headers(signal)) } : headers;

  const follow: Fetch = async (start, headers, signal) => {
    let url = start;
    for (let left = config.redirects; ; left--) {
      const answer = await ask({ url, headers: await headersFor(url, headers, signal) }, signal);
      const { location } = answer.headers;
      if (!REDIRECTS.includes(answer.status) || location === undefined) return answer;
      if (left <= 0)
        throw new Refused(`${start.host} redirects more than ${config.redirects} times`, answer.status);
      url = target(location, url, answer.status);
    }
  };

  return async (url, headers, signal) => {
    const first = await follow(url, headers, signal);
    const answer = first.status === 401 && me.renew() ? await follow(url, headers, signal) : first;
    if (answer.status === 200 || answer.status === 304) return answer;
    throw refusal(answer);
  };
}

function target(location: string, from: URL, status: number): URL {
  if (!URL.canParse(location, from.href)) throw new Refused(`${from.host} redirects to no address`, status);
  const url = new URL(location, from);
  const safe = url.protocol === 'https:' || (url.protocol === 'http:' && from.protocol === 'http:');
  if (!safe)
    throw new Refused(`${from.host} redirects to ${url.protocol}, which is not safe to follow`, status);
  url.username = '';
  url.password = '';
  return url;
}

function refusal({ url, status, headers }: Answer): Refused {
  const said = `${url.host}${url.pathname} answers ${status}`;
  if (status !== 429 && status !== 503) return new Refused(said, status);
  return new Busy(said, status, retryAfter(headers['retry-after'], Date.now()));
}

/** RFC 9110, 10.2.3: seconds, or a date. */
export function retryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,10}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}

/** What a person can do about a failed request. */
export function remedyFor(err: unknown): string {
  if (err instanceof Refused) return statusRemedy(err.status);
  const code = err instanceof Unreachable ? codeOf(err.cause) : '';
  if (/CERT|SIGNATURE|ISSUER|TLS|SSL/.test(code))
    return 'Give the certificate of the authority as `caFile`, and the name that the certificate is made out to in `url`.';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'Check the name in `url`, and the name server of this machine.';
  return 'Check `url` and port, whether the server runs, and the firewalls between; for slow answers raise `timeoutMs`.';
}

function codeOf(err: unknown): string {
  if (err instanceof AggregateError) return codeOf(err.errors[0]);
  return err instanceof Error ? ((err as NodeJS.ErrnoException).code ?? '') : '';
}

function statusRemedy(status: number): string {
  if (status === 401 || status === 403)
    return 'Check `auth`: user, key or client, its password, and what it is allowed to see.';
  if (status === 404 || status === 410) return 'Check `url` and the `path` of the request.';
  if (status === 429) return 'Raise `pollMs`: the server is asked more often than it likes.';
  if (status >= 500) return "Look at the server's own log: it fails while it answers.";
  return 'Compare `path`, `query` and `headers` with what the server expects.';
}
