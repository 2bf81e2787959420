import type { Credentials, SetUp } from '../api/session.ts';
import type { Database } from '../database/db.ts';
import type { Logger } from '../log.ts';
import type { Guard } from '../web/guard.ts';
import { Problem } from '../web/problem.ts';
import type { User } from '../web/route.ts';
import type { WebRequest } from '../web/server.ts';
import { sessionCookie } from './cookie.ts';
import { createPasswords } from './password.ts';
import type { Cost, Passwords } from './password.ts';
import { createSessions } from './sessions.ts';
import type { Sessions } from './sessions.ts';
import { openSetUp } from './set-up.ts';
import { createSignIn } from './sign-in.ts';
import { insertAudit } from './store/audit.ts';
import type { Actor } from './store/audit.ts';
import { createTokens } from './tokens.ts';
import type { Tokens } from './tokens.ts';

export interface AccessOptions {
  readonly db: Database;
  /** The daemon's data folder. */
  readonly folder: string;
  readonly daemon: 'gateway' | 'central';
  /** Whether the screens are served over TLS: the cookie then never travels without. */
  readonly secure: boolean;
  readonly log: Logger;
  readonly idleMs?: number;
  readonly absoluteMs?: number;
  readonly cost?: Cost;
  readonly now?: () => number;
}

export interface SignedIn {
  readonly user: User;
  /** For the header `set-cookie`. */
  readonly cookie: string;
}

/** Who may come in. Goes on for those who are in while the database is away. */
export interface Access extends Guard, AsyncDisposable {
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  setUpNeeded(): Promise<boolean>;
  setUp(actor: Actor, setUp: SetUp): Promise<SignedIn>;
  signIn(actor: Actor, credentials: Credentials, request: WebRequest): Promise<SignedIn>;
  /** Answers the `set-cookie` that clears the browser's. */
  signOut(actor: Actor, request: WebRequest): Promise<string>;
  changeOwnPassword(
    actor: Actor,
    user: User,
    change: { readonly old: string; readonly new: string },
    request: WebRequest,
  ): Promise<void>;
}

const HOUR_MS = 3_600_000;

export function openAccess(options: AccessOptions): Access {
  const { db, folder, daemon, secure, log, now = Date.now } = options;
  const { idleMs = HOUR_MS, absoluteMs = 12 * HOUR_MS } = options;
  const passwords = createPasswords(options.cost);
  const sessions = createSessions(db, { idleMs, absoluteMs }, log, now);
  const tokens = createTokens(db, log, now);
  const signIn = createSignIn(db, passwords, now);
  const setUp = openSetUp({ db, passwords, folder, log, now });
  const cookie = sessionCookie(daemon, secure, absoluteMs);

  const letIn = async (user: User, address: string | null): Promise<SignedIn> => ({
    user,
    cookie: cookie.give(await sessions.start(user, address ?? '')),
  });
  const authenticate = async (request: WebRequest): Promise<User | null> => {
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    if (bearer !== undefined) return tokens.authenticate(bearer);
    const secret = cookie.read(request);
    return secret === undefined ? null : sessions.find(secret);
  };

  return {
    ...{ passwords, sessions, tokens, authenticate },
    setUpNeeded: () => setUp.needed(),
    setUp: async (actor, first) => letIn(await setUp.create(actor, first), actor.address),
    async signIn(actor, credentials, request) {
      const user = await signIn.check(actor, credentials);
      const before = cookie.read(request);
      if (before !== undefined) await sessions.end(before);
      return letIn(user, actor.address);
    },
    async signOut(actor, request) {
      const secret = cookie.read(request);
      if (secret === undefined) return cookie.take();
      const user = db.available ? await sessions.find(secret) : null;
      await sessions.end(secret);
      if (user !== null)
        await insertAudit(db, { ...actor, who: user.name }, { action: 'sign out', subject: user.name });
      return cookie.take();
    },
    async changeOwnPassword(actor, user, change, request) {
      const secret = cookie.read(request);
      if (user.kind !== 'person' || secret === undefined)
        throw new Problem({ status: 403, detail: 'A token has no password. Sign in as the user.' });
      await signIn.changeOwn(actor, user, change);
      await sessions.endOthers(user.id, secret);
    },
    [Symbol.asyncDispose]: () => setUp[Symbol.asyncDispose](),
  };
}
