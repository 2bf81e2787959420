import type { Db } from '../../../platform/database/db.ts';

/** How far the centre's messages have been applied; `epoch` is null before the first. */
export interface Position {
  readonly epoch: string | null;
  readonly after: number;
}

export async function selectPosition(db: Db): Promise<Position> {
  const [row] = await db.query<{ epoch: string | null; position: number }>(
    `select epoch, position from sync_inbox`,
  );
  return { epoch: row?.epoch ?? null, after: row?.position ?? 0 };
}

export async function updatePosition(db: Db, position: Position): Promise<void> {
  await db.query(`update sync_inbox set epoch = $1, position = $2`, [position.epoch, position.after]);
}
