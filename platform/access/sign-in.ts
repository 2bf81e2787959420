import type { Credentials } from '../api/session.ts';
import type { Database } from '../database/db.ts';
import { Problem } from '../web/problem.ts';
import type { User } from '../web/route.ts';
import { createAttempts } from './attempts.ts';
import { requireDatabase } from './known.ts';
import type { Passwords } from './password.ts';
import { refuseWeak } from './password.ts';
import { insertAudit } from './store/audit.ts';
import type { Actor } from './store/audit.ts';
import { selectUserByName, updateSignedIn, updateUser } from './store/users.ts';

const ACCOUNT = { free: 5, longestMs: 300_000 };
const ADDRESS = { free: 20, longestMs: 900_000 };

/** Checks names and passwords. */
export interface SignIn {
  /** The user, or 401, the same for a wrong name and a wrong password; 429 after too many of them. */
  check(actor: Actor, credentials: Credentials): Promise<User>;
  changeOwn(actor: Actor, user: User, change: { readonly old: string; readonly new: string }): Promise<void>;
}

export function createSignIn(db: Database, passwords: Passwords, now: () => number = Date.now): SignIn {
  const accounts = createAttempts(ACCOUNT);
  const addresses = createAttempts(ADDRESS);

  const verified = async (actor: Actor, { name, password }: Credentials) => {
    requireDatabase(db);
    const account = accountKey(name, actor.address);
    const address = actor.address ?? '';
    const waitMs = Math.max(accounts.begin(account, now()), addresses.begin(address, now()));
    if (waitMs > 0) throw tooMany(waitMs);
    const stored = await selectUserByName(db, name);
    if (!(await passwords.verify(password, stored?.password ?? null)) || stored === null) {
      // A name that nobody has may be a password in the wrong field.
      const subject = stored?.name ?? '(unknown name)';
      await insertAudit(db, actor, { action: 'sign in', subject, result: 'refused' });
      throw new Problem({ status: 401, detail: 'The name or the password is wrong.' });
    }
    accounts.succeeded(account);
    addresses.succeeded(address);
    return stored;
  };

  return {
    async check(actor, credentials) {
      const { id, name, role, password } = await verified(actor, credentials);
      if (passwords.isOutdated(password))
        await updateUser(db, id, { password: await passwords.hash(credentials.password) });
      await db.transaction(async (tx) => {
        await updateSignedIn(tx, id);
        await insertAudit(tx, { ...actor, who: name }, { action: 'sign in', subject: name });
      });
      return { id, name, role, kind: 'person' };
    },
    async changeOwn(actor, { name }, change) {
      const { id } = await verified(actor, { name, password: change.old });
      refuseWeak(change.new, name);
      const hash = await passwords.hash(change.new);
      await db.transaction(async (tx) => {
        await updateUser(tx, id, { password: hash });
        await insertAudit(tx, actor, { action: 'change own password', subject: name });
      });
    },
  };
}

/** Somebody at the machine itself has an account of tries that nobody can use up from elsewhere. */
const accountKey = (name: string, address: string | null): string => {
  const isHere = address === '::1' || address?.startsWith('127.') === true;
  return `${isHere ? 'here' : 'elsewhere'} ${name.toLowerCase()}`;
};

export function tooMany(waitMs: number): Problem {
  const seconds = Math.ceil(waitMs / 1000);
  return new Problem({
    status: 429,
    detail: `Too many wrong attempts. Try again in ${seconds} s.`,
    headers: { 'retry-after': String(seconds) },
  });
}
