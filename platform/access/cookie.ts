import type { WebRequest } from '../web/server.ts';

/** The session cookie of one daemon. Cookies ignore ports, so each daemon has a name of its own. */
export interface SessionCookie {
  read(request: Pick<WebRequest, 'headers'>): string | undefined;
  /** The `set-cookie` value that hands the secret to the browser. */
  give(secret: string): string;
  /** The one that takes it back. */
  take(): string;
}

const SECRET = /^[\w-]{43}$/;

export function sessionCookie(
  daemon: 'gateway' | 'central',
  secure: boolean,
  maxAgeMs: number,
): SessionCookie {
  const name = `${secure ? '__Host-' : ''}penstock_${daemon}`;
  const flags = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  return {
    read({ headers }) {
      for (const pair of headers.get('cookie')?.split(';') ?? []) {
        const [, key, value = ''] = /^\s*([^=]*)=(.*?)\s*$/.exec(pair) ?? [];
        // Cleared ones come back empty from some programs.
        if (key === name && SECRET.test(value)) return value;
      }
      return undefined;
    },
    give: (secret) => `${name}=${secret}; Max-Age=${Math.floor(maxAgeMs / 1000)}; ${flags}`,
    take: () => `${name}=; Max-Age=0; ${flags}`,
  };
}
