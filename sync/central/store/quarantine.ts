import type { Db } from '../../../platform/database/db.ts';
import type { Segment } from '../../wire.ts';
import type { Arrival } from './ledger.ts';

export async function insertQuarantined(
  tx: Db,
  { site, segment, payload }: Arrival,
  reason: string,
): Promise<void> {
  const { stream, epoch, seq, through, kind, n, crc, tMin, tMax } = segment;
  await tx.query(
    `insert into sync_quarantine (site, stream, epoch, seq, through, kind, n, crc, t_min, t_max, payload, reason)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      ...[site, stream, epoch, seq, through === seq ? null : through, kind, n, crc],
      ...[new Date(tMin), new Date(tMax), payload, reason],
    ],
  );
}

export async function countQuarantined(db: Db): Promise<number> {
  const [row] = await db.query<{ n: number }>(`select count(*) as n from sync_quarantine`);
  return row?.n ?? 0;
}

export interface Quarantined {
  readonly id: string;
  readonly site: string;
  readonly siteName: string;
  readonly stream: string;
  readonly kind: string;
  readonly n: number;
  readonly bytes: number;
  readonly reason: string;
  readonly arrivedAt: Date;
}

const SELECTED = `q.id, q.site, s.name as "siteName", q.stream, q.kind, q.n, octet_length(q.payload) as bytes, q.reason,
  q.arrived_at as "arrivedAt" from sync_quarantine q join sites s on s.id = q.site`;

/** The newest first, of one site or of all. */
export async function selectQuarantined(
  db: Db,
  { limit, offset, site = null }: { limit: number; offset: number; site?: string | null | undefined },
): Promise<{ rows: Quarantined[]; total: number }> {
  const rows = await db.query<Quarantined>(
    `select ${SELECTED} where $3::uuid is null or q.site = $3 order by q.arrived_at desc, q.id limit $1 offset $2`,
    [limit, offset, site],
  );
  const [count] = await db.query<{ total: number }>(
    `select count(*) as total from sync_quarantine where $1::uuid is null or site = $1`,
    [site],
  );
  return { rows, total: count?.total ?? 0 };
}

export async function selectQuarantinedOne(db: Db, id: string): Promise<Quarantined | null> {
  const [row] = await db.query<Quarantined>(`select ${SELECTED} where q.id = $1`, [id]);
  return row ?? null;
}

interface Row extends Pick<Segment, 'stream' | 'epoch' | 'seq' | 'kind' | 'n' | 'crc'> {
  readonly site: string;
  readonly through: number | null;
  readonly tMin: Date | null;
  readonly tMax: Date | null;
  readonly payload: Buffer;
}

/** Takes a segment out of the quarantine as it came; it is back in it unless the transaction commits. */
export async function takeQuarantined(tx: Db, id: string): Promise<Arrival | null> {
  const [row] = await tx.query<Row>(
    `delete from sync_quarantine where id = $1
     returning site, stream, epoch, seq, through, kind, n, crc, t_min as "tMin", t_max as "tMax", payload`,
    [id],
  );
  if (row === undefined) return null;
  const { site, payload, tMin, tMax, through, ...segment } = row;
  const times = { tMin: tMin?.getTime() ?? 0, tMax: tMax?.getTime() ?? 0 };
  return { site, payload, segment: { ...segment, ...times, through: through ?? segment.seq } };
}

/** Why it could not be taken in once more. */
export async function updateReason(db: Db, id: string, reason: string): Promise<void> {
  await db.query(`update sync_quarantine set reason = $2 where id = $1`, [id, reason]);
}
