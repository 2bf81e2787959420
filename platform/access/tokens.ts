import { randomBytes } from 'node:crypto';
import type { Page, PageQuery } from '../api/page.ts';
import type { IssuedToken, NewToken, TokenView } from '../api/tokens.ts';
import type { Database } from '../database/db.ts';
import type { Logger } from '../log.ts';
import { notFound, Problem } from '../web/problem.ts';
import type { User } from '../web/route.ts';
import { createKnown } from './known.ts';
import { hashOf, isSame, newSecret } from './secret.ts';
import { insertAudit } from './store/audit.ts';
import type { Actor } from './store/audit.ts';
import { deleteToken, insertToken, selectToken, selectTokens, updateTokenUsed } from './store/tokens.ts';
import type { StoredToken } from './store/tokens.ts';

const WRITE_USED_MS = 60_000;
const FORM = /^pst_([0-9a-f]{12})_([\w-]{43})$/;

/** API tokens: `pst_<id>_<secret>`, each with a role of its own. */
export interface Tokens {
  /** Rejects with 401 unless the token is good. */
  authenticate(token: string): Promise<User>;
  issue(actor: Actor, token: NewToken): Promise<IssuedToken>;
  revoke(actor: Actor, id: string): Promise<void>;
  list(where: PageQuery): Promise<Page<TokenView>>;
}

export function createTokens(db: Database, log: Logger, now: () => number = Date.now): Tokens {
  const written = new Map<string, number>();
  const known = createKnown<StoredToken>(db, (id) => selectToken(db, id), now);

  const noteUsed = async (id: string) => {
    if (now() - (written.get(id) ?? -Infinity) < WRITE_USED_MS || !db.available) return;
    written.set(id, now());
    await updateTokenUsed(db, id, new Date(now())).catch((err: unknown) =>
      log.warn({ err, tokenId: id }, 'Cannot note that an API token is in use.'),
    );
  };

  return {
    async authenticate(token) {
      const [, id, secret] = FORM.exec(token) ?? [];
      const stored = id === undefined ? null : await known.find(id);
      const isOver = (stored?.expiresAt?.getTime() ?? Infinity) <= now();
      if (stored === null || secret === undefined || isOver || !isSame(hashOf(secret), stored.hash))
        throw wrongToken();
      await noteUsed(stored.id);
      return { id: stored.id, name: `token ${stored.name}`, role: stored.role, kind: 'token' };
    },

    issue: (actor, token) => issue(db, actor, token, now()),

    async revoke(actor, id) {
      await db.transaction(async (tx) => {
        const gone = await deleteToken(tx, id);
        if (gone === null) throw notFound(`There is no API token ${id}.`);
        await insertAudit(tx, actor, {
          action: 'revoke a token',
          subject: gone.name,
          old: { id, role: gone.role },
        });
      });
      known.forget((token) => token.id === id);
    },

    list: (where) => selectTokens(db, where),
  };
}

async function issue(
  db: Database,
  actor: Actor,
  { name, role, expiresAt }: NewToken,
  now: number,
): Promise<IssuedToken> {
  if (expiresAt !== undefined && Date.parse(expiresAt) <= now) throw pastExpiry(expiresAt);
  const id = randomBytes(6).toString('hex');
  const secret = newSecret();
  const token = await db.transaction(async (tx) => {
    const inserted = await insertToken(tx, {
      ...{ id, name, role, hash: hashOf(secret), createdBy: actor.who ?? 'the command line' },
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
    });
    await insertAudit(tx, actor, { action: 'issue a token', subject: name, new: { id, role, expiresAt } });
    return inserted;
  });
  return { token, secret: `pst_${id}_${secret}` };
}

const wrongToken = () =>
  new Problem({
    status: 401,
    detail: 'The API token is wrong, expired or revoked. An administrator can issue another.',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  });

const pastExpiry = (expiresAt: string) =>
  new Problem({
    status: 400,
    detail: 'The token would be expired already.',
    faults: [{ field: 'body.expiresAt', value: expiresAt, remedy: 'Give a time in the future, or none.' }],
  });
