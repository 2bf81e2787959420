import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Actor } from '../../platform/access/store/audit.ts';
import type { Page, PageQuery } from '../../platform/api/page.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import type { TrainingOrdered } from '../../sync/wire.ts';
import type { TrainingView } from '../api/models.ts';

/** Records the order, its message to the centre and the act together: none exists without the others. */
export const orderTraining = (db: Db, outbox: Outbox, order: TrainingOrdered, actor: Actor): Promise<void> =>
  db.transaction(async (tx) => {
    await tx.query(
      `insert into trainings (id, tag_id, kind, state, ordered_at, ordered_by) values ($1, $2, $3, 'ordered', $4, $5)`,
      [order.id, order.tag, order.kind, new Date(order.orderedAt), order.orderedBy],
    );
    await outbox.enqueueEvent(tx, order);
    const [tag] = await tx.query<{ name: string }>(`select name from tags where id = $1`, [order.tag]);
    await insertAudit(tx, actor, {
      action: 'order a training',
      subject: tag?.name ?? `tag ${order.tag}`,
      new: { training: order.id, kind: order.kind },
    });
  });

/** What the centre says of a training. One that has ended stays ended; one that is not ours is left alone. */
export async function updateTraining(
  db: Db,
  { id, state, error }: { id: string; state: 'queued' | 'running' | 'failed'; error: string | null },
): Promise<void> {
  await db.query(
    `update trainings set state = $2, error = $3, ended_at = case when $2 = 'failed' then now() end
     where id = $1 and state not in ('succeeded', 'failed')`,
    [id, state, error],
  );
}

/** The training's end, with its model, or with the reason why its model was refused here. */
export async function endTraining(
  db: Db,
  id: string,
  end: { readonly model: string } | { readonly error: string },
): Promise<void> {
  const model = 'model' in end ? end.model : null;
  const error = 'error' in end ? end.error : null;
  await db.query(
    `update trainings set state = $2, model_id = $3, error = $4, ended_at = now() where id = $1 and state <> 'succeeded'`,
    [id, error === null ? 'succeeded' : 'failed', model, error],
  );
}

/** The tag that a training was ordered for; undefined if the order is not of this database. */
export async function selectTrainedTag(db: Db, id: string): Promise<number | undefined> {
  const [row] = await db.query<{ tag: number }>(`select tag_id as tag from trainings where id = $1`, [id]);
  return row?.tag;
}

type Row = Omit<TrainingView, 'orderedAt' | 'endedAt'> & { orderedAt: Date; endedAt: Date | null };
const SELECT = `
  select r.id, r.tag_id as tag, t.name as "tagName", r.kind, r.state, r.ordered_at as "orderedAt",
         r.ordered_by as "orderedBy", r.ended_at as "endedAt", r.model_id as model, r.error
  from trainings r join tags t on t.id = r.tag_id`;

const toView = (row: Row): TrainingView => ({
  ...row,
  orderedAt: row.orderedAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
});

export async function selectTraining(db: Db, id: string): Promise<TrainingView | undefined> {
  const [row] = await db.query<Row>(`${SELECT} where r.id = $1`, [id]);
  return row === undefined ? undefined : toView(row);
}

export async function selectTrainings(db: Db, { limit, offset }: PageQuery): Promise<Page<TrainingView>> {
  const rows = await db.query<Row>(`${SELECT} order by r.ordered_at desc limit $1 offset $2`, [
    limit,
    offset,
  ]);
  const [count] = await db.query<{ total: number }>(`select count(*)::int as total from trainings`);
  return { items: rows.map(toView), total: count?.total ?? 0, limit, offset };
}
