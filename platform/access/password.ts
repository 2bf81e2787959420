import { randomBytes, scrypt } from 'node:crypto';
import type { ScryptOptions } from 'node:crypto';
import { Problem } from '../web/problem.ts';
import { isSame } from './secret.ts';

/** How costly a guess is. Stored with each hash, so it can be raised later. */
export interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}
/** Half a second and 32 MiB on a small machine. */
export const DEFAULT_COST: Cost = { N: 2 ** 15, r: 8, p: 3 };

const AT_ONCE = 2;
const MOST_WAITING = 20;
const KEY_BYTES = 32;

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long for a user that does not exist (`null`) as for a wrong password. */
  verify(password: string, stored: string | null): Promise<boolean>;
  /** True where the stored hash was made with another cost than today's. */
  isOutdated(stored: string): boolean;
}

/** scrypt in the thread pool, two at a time: more would starve a small machine. */
export function createPasswords(cost: Cost = DEFAULT_COST): Passwords {
  const turn = turns();
  const derive = (password: string, salt: Buffer, { N, r, p }: Cost) =>
    turn(
      () =>
        new Promise<Buffer>((resolve, reject) => {
          const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r };
          scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (err, key) =>
            err === null ? resolve(key) : reject(err),
          );
        }),
    );
  const nobody = { cost, salt: randomBytes(16), key: randomBytes(KEY_BYTES) };

  return {
    async hash(password) {
      const salt = randomBytes(16);
      const key = await derive(password, salt, cost);
      return `scrypt$${cost.N}$${cost.r}$${cost.p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
    },
    async verify(password, stored) {
      const against = stored === null ? nobody : parse(stored);
      const key = await derive(password, against.salt, against.cost);
      return isSame(key, against.key) && stored !== null;
    },
    isOutdated(stored) {
      const { N, r, p } = parse(stored).cost;
      return N !== cost.N || r !== cost.r || p !== cost.p;
    },
  };
}

function parse(stored: string): { cost: Cost; salt: Buffer; key: Buffer } {
  const [kind, N, r, p, salt, key] = stored.split('$');
  if (kind !== 'scrypt' || salt === undefined || key === undefined)
    throw new Error("A stored password is not a scrypt hash: set the user's password again.");
  return {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  };
}

/** Lets a few run and a few more wait; the rest is sent away. */
function turns() {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting.length >= MOST_WAITING)
      throw new Problem({
        status: 503,
        detail: 'Too many sign-ins at the same time. Try again in a moment.',
        headers: { 'retry-after': '5' },
      });
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // A place that is handed on stays taken.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

/** Whoever guesses tries these first. Length is the schema's matter. */
export function refuseWeak(password: string, name: string): void {
  const plain = password.toLowerCase();
  if (new Set(plain).size < 5) throw weak('It has fewer than five different characters.');
  if (name.length >= 3 && plain.includes(name.toLowerCase())) throw weak('It contains the name of the user.');
  if (/^(.{1,6})\1+$/.test(plain)) throw weak('It repeats itself.');
}

const weak = (why: string) =>
  new Problem({
    status: 400,
    detail: `The password is too easy to guess. ${why} Choose another: a sentence is good.`,
    faults: [{ field: 'body.password', remedy: `${why} Choose another: a sentence is good.` }],
  });
