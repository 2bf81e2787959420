import type { Database } from '../database/db.ts';
import { isOutage } from '../database/outage.ts';
import { Problem } from '../web/problem.ts';

const FRESH_MS = 10_000;
const MOST = 10_000;

/** What the database said about keys, kept for a while, and for as long as the database is away. */
export interface Known<Value> {
  /** Null: there is no such thing. Rejects with 503 where it is unknown and the database is away. */
  find(key: string): Promise<Value | null>;
  forget(which: (value: Value, key: string) => boolean): void;
}

export function createKnown<Value>(
  db: Database,
  load: (key: string) => Promise<Value | null>,
  now: () => number,
): Known<Value> {
  const kept = new Map<string, { readonly value: Value; readonly at: number }>();
  let changes = 0;

  const reload = async (key: string): Promise<Value | null> => {
    const before = changes;
    const value = await load(key);
    if (value === null) kept.delete(key);
    // What was forgotten meanwhile may be in the answer still.
    else if (before === changes) keep(kept, key, { value, at: now() });
    return value;
  };

  return {
    async find(key) {
      const known = kept.get(key);
      if (known !== undefined && (now() - known.at < FRESH_MS || !db.available)) return known.value;
      requireDatabase(db);
      try {
        return await reload(key);
      } catch (err) {
        if (known === undefined || !isOutage(err)) throw err;
        return known.value;
      }
    },
    forget(which) {
      changes++;
      for (const [key, { value }] of kept) if (which(value, key)) kept.delete(key);
    },
  };
}

function keep<Entry>(kept: Map<string, Entry>, key: string, entry: Entry): void {
  kept.delete(key);
  kept.set(key, entry);
  const [oldest] = kept.keys();
  if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
}

/** Answers 503 at once where the database would be waited for in vain. */
export function requireDatabase(db: Database): void {
  if (!db.available)
    throw new Problem({
      status: 503,
      detail:
        'The database is away, so nobody new can be let in. Whoever is signed in stays. Try again soon; /health/db says why.',
      headers: { 'retry-after': '5' },
    });
}
