import type { Db } from '../../../platform/database/db.ts';

export interface Call {
  readonly instance: string;
  readonly call: number;
}

/** The next call's number. It is kept before the call is made, so that none is made twice. */
export async function nextCall(db: Db): Promise<Call> {
  const [row] = await db.query<Call>(
    `update sync_inbox set calls = calls + 1 returning instance, calls::float8 as call`,
  );
  if (row === undefined) throw new Error('The table sync_inbox is empty. Restore its only row.');
  return row;
}

/** This database is a copy of another one, or was restored: from now on it is one of its own. */
export const renewInstance = (db: Db): Promise<unknown> =>
  db.query(`update sync_inbox set instance = gen_random_uuid(), calls = 0`);
