import type { Db } from '../../../platform/database/db.ts';

/** The machine that is a site at present. */
export interface Caller {
  readonly instance: string | null;
  readonly calls: number;
  /** Null: it has left. */
  readonly calledAt: Date | null;
}

/** Holds the site's row until the transaction ends. */
export async function lockCaller(tx: Db, site: string): Promise<Caller> {
  const [row] = await tx.query<Caller>(
    `select instance, calls::float8 as calls, called_at as "calledAt" from sites where id = $1 for update`,
    [site],
  );
  return row ?? { instance: null, calls: 0, calledAt: null };
}

export async function updateCaller(
  tx: Db,
  site: string,
  { instance, call, calledAt }: { instance: string; call: number; calledAt: Date | null },
): Promise<void> {
  await tx.query(`update sites set instance = $2, calls = $3, called_at = $4 where id = $1`, [
    ...[site, instance, call, calledAt],
  ]);
}

export async function updateClock(
  tx: Db,
  site: string,
  { aheadMs, synchronised, version }: { aheadMs: number; synchronised: boolean | null; version: string },
): Promise<void> {
  await tx.query(
    `update sites set clock_ahead_ms = $2, clock_synchronised = $3, version = $4 where id = $1`,
    [site, aheadMs, synchronised, version],
  );
}
