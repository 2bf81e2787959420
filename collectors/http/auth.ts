import { z } from 'zod';
import type { HttpAuth } from './config.ts';
import type { Exchange } from './exchange.ts';

/** The server does not let us in, or gives no token. */
export class Refused extends Error {
  override name = 'Refused';
  readonly status: number;
  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** What shows the server who we are. */
export interface Credentials {
  headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** Forgets what was refused. False: there is nothing newer to be had. */
  renew(): boolean;
}

type OAuth2 = Extract<HttpAuth, { oauth2: unknown }>['oauth2'];

export function credentials(auth: HttpAuth | undefined, ask: Exchange): Credentials {
  if (auth === undefined) return fixed({});
  if ('header' in auth) return fixed({ [auth.header.name.toLowerCase()]: auth.header.password });
  if ('basic' in auth) return fixed({ authorization: basic(auth.basic.user, auth.basic.password) });
  return tokens(auth.oauth2, ask);
}

const fixed = (headers: Readonly<Record<string, string>>): Credentials => ({
  headers: () => Promise.resolve(headers),
  renew: () => false,
});

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const Token = z.object({
  access_token: z
    .string()
    .min(1)
    .max(16_384)
    .regex(/^[\x21-\x7e]+$/),
  token_type: z.string().optional(),
  expires_in: z.coerce.number().min(0).max(315_360_000).optional(),
});
/** Where a server does not say how long a token lives. */
const LIFE_S = 300;
/** A token is replaced when a tenth of its life is left, at most a minute. */
const early = (lifeMs: number): number => Math.min(lifeMs / 10, 60_000);

/** One token for all requests, fetched when the first one needs it. */
function tokens(config: OAuth2, ask: Exchange): Credentials {
  let held: { readonly token: Promise<string>; until: number } | undefined;
  const hold = (signal: AbortSignal) => {
    const mine: NonNullable<typeof held> = {
      until: Infinity,
      token: fetchToken(config, ask, signal).then(({ access_token, expires_in = LIFE_S }) => {
        mine.until = performance.now() + expires_in * 1000 - early(expires_in * 1000);
        return access_token;
      }),
    };
    mine.token.catch(() => {
      if (held === mine) held = undefined;
    });
    return mine;
  };
  return {
    async headers(signal) {
      if (held === undefined || held.until <= performance.now()) held = hold(signal);
      return { authorization: `Bearer ${await held.token}` };
    },
    renew() {
      held = undefined;
      return true;
    },
  };
}

async function fetchToken(
  config: OAuth2,
  ask: Exchange,
  signal: AbortSignal,
): Promise<z.infer<typeof Token>> {
  const { clientId, password, scope, parameters, sendAs } = config;
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...parameters });
  if (scope !== undefined) form.set('scope', scope);
  if (sendAs === 'body') {
    form.set('client_id', clientId);
    form.set('client_secret', password);
  }
  // RFC 6749, 2.3.1: name and secret are form-encoded before they are joined.
  const name = basic(encodeURIComponent(clientId), encodeURIComponent(password));
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    ...(sendAs === 'header' ? { authorization: name } : {}),
  };
  const url = new URL(config.tokenUrl);
  const { status, body } = await ask({ url, headers, body: form.toString() }, signal);
  if (status !== 200)
    throw new Refused(`${url.host} gives no token: it answers ${status}${errorIn(body)}`, status);
  try {
    return Token.parse(JSON.parse(body.toString()));
  } catch (err) {
    throw new Refused(`${url.host} answers with something that holds no access_token`, status, {
      cause: err,
    });
  }
}

/** RFC 6749, 5.2: the reason in a word, and nothing else of the answer. */
function errorIn(body: Buffer): string {
  try {
    const { error } = z.object({ error: z.string().max(80) }).parse(JSON.parse(body.toString()));
    return ` (${error.replace(/\P{ASCII}|\p{Cc}/gu, '·')})`;
  } catch {
    return ''; // said without a word
  }
}
