import { openAccess } from '../../platform/access/access.ts';
import type { AccessOptions } from '../../platform/access/access.ts';
import type { Actor } from '../../platform/access/store/audit.ts';
import type { Database } from '../../platform/database/db.ts';
import { auditRoutes } from '../../platform/routes/audit.ts';
import { sessionRoutes } from '../../platform/routes/session.ts';
import { tokenRoutes } from '../../platform/routes/tokens.ts';
import { userRoutes } from '../../platform/routes/users.ts';
import { aWeb, silent } from './web.ts';

/** A password hash that costs next to nothing. */
export const cheap = { N: 1024, r: 8, p: 1 };

export const anActor = (given: Partial<Actor> = {}): Actor => ({
  who: null,
  address: '192.0.2.1',
  correlationId: 'test-0001',
  ...given,
});

/** The database with a switch: while it is off, all it does fails as for a server that is away. */
export function withSwitch(db: Database): { db: Database; power: { on: boolean } } {
  const power = { on: true };
  const refused = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
  const unless =
    <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    (...args: Args) =>
      power.on ? work(...args) : refused();
  return {
    power,
    db: Object.create(db, {
      available: { get: () => power.on },
      query: { value: unless(db.query.bind(db)) },
      transaction: { value: unless(db.transaction.bind(db)) },
    }) as Database,
  };
}

/** Removes all users with their sessions, and all tokens. The audit trail stays, as it must. */
export const emptyAccess = async (db: Database): Promise<void> => {
  await db.query('delete from users');
  await db.query('delete from api_tokens');
};

const anAccess = (given: Pick<AccessOptions, 'db' | 'folder'> & Partial<AccessOptions>) =>
  openAccess({ daemon: 'gateway', secure: false, log: silent, cost: cheap, ...given });

/** A whole daemon's access over HTTP, and a person at a browser. */
export async function aDoor(given: Pick<AccessOptions, 'db' | 'folder'> & Partial<AccessOptions>) {
  const access = anAccess(given);
  const about = () => ({ daemon: 'gateway' as const, title: 'Test', timeZone: 'UTC' });
  const { db } = given;
  const web = await aWeb({
    access,
    routes: [
      ...sessionRoutes(access, about),
      ...userRoutes(db, access),
      ...tokenRoutes(access.tokens),
      ...auditRoutes(db),
    ],
  });
  return {
    access,
    web,
    async [Symbol.asyncDispose]() {
      await web[Symbol.asyncDispose]();
      await access[Symbol.asyncDispose]();
    },
  };
}

interface Answered<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Keeps the cookie as a browser does, and sends JSON. */
export function aBrowser(address: string) {
  let cookie = '';
  return {
    get cookie() {
      return cookie;
    },
    async call<Body>(method: string, target: string, body?: unknown, headers = {}): Promise<Answered<Body>> {
      const answer = await fetch(address + target, {
        method,
        headers: {
          cookie,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const given = answer.headers.get('set-cookie')?.split(';')[0];
      if (given !== undefined) cookie = given;
      const text = await answer.text();
      return {
        status: answer.status,
        headers: answer.headers,
        body: (text === '' ? undefined : JSON.parse(text)) as Body,
      };
    },
  };
}
