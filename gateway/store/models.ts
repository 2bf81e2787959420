import type { Artefact } from '../../forecasting/artefact.ts';
import type { TagId } from '../../history/reading.ts';
import type { Page, PageQuery } from '../../platform/api/page.ts';
import { crashPoint } from '../../platform/crash/point.ts';
import type { Db } from '../../platform/database/db.ts';
import type { ModelView } from '../api/models.ts';
import { FIGURES, SUMS } from './scores.ts';

/** Where a model comes from and what is to become of it. */
export interface Placement {
  readonly tag: TagId;
  readonly origin: 'site' | 'centre';
  /** The order it was trained for, where there was one. */
  readonly training: string | null;
  /** `active` retires the one that was; `shadow` the shadow that was of the same origin. */
  readonly state: 'active' | 'shadow' | 'refused';
  readonly trainedAt: Date;
  readonly note?: string | null;
  readonly chosenBy?: string | null;
}

/** Stores a model as its tag's next version. A model that is there already stays as it is: then the answer is false. */
export const insertModel = (db: Db, artefact: Artefact, placement: Placement): Promise<boolean> =>
  db.transaction(async (tx) => {
    const { tag, origin, training, state, trainedAt, note = null, chosenBy = null } = placement;
    await lockTag(tx, tag);
    const [there] = await tx.query('select from models where id = $1', [artefact.id]);
    if (there !== undefined) return false;
    if (state === 'active') await retireActive(tx, tag);
    if (state === 'shadow') await retireShadow(tx, tag, origin);
    await tx.query(
      `insert into models (id, tag_id, kind, version, state, origin, artefact, trained_at, training, chosen_by, note)
       select $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6, $7, $8, $9, $10 from models where tag_id = $2`,
      [
        ...[artefact.id, tag, artefact.learned.kind, state, origin],
        ...[JSON.stringify(artefact), trainedAt, training, chosenBy, note],
      ],
    );
    return true;
  });

// Two models of one tag stored at once would take the same version.
const lockTag = (tx: Db, tag: number) => tx.query('select from tags where id = $1 for update', [tag]);

const retireActive = (tx: Db, tag: number) =>
  tx.query(`update models set state = 'retired' where tag_id = $1 and state = 'active'`, [tag]);

const retireShadow = (tx: Db, tag: number, origin: string) =>
  tx.query(`update models set state = 'retired' where tag_id = $1 and state = 'shadow' and origin = $2`, [
    tag,
    origin,
  ]);

/** Makes a model its tag's active one; the one that was is retired. Answers what it was before, or undefined if there is none. */
export const activateModel = (db: Db, id: string, by: string): Promise<ModelView['state'] | undefined> =>
  db.transaction(async (tx) => {
    const [model] = await tx.query<{ tag: number }>('select tag_id as tag from models where id = $1', [id]);
    if (model === undefined) return undefined;
    await lockTag(tx, model.tag);
    const [row] = await tx.query<{ state: ModelView['state'] }>('select state from models where id = $1', [
      id,
    ]);
    if (row === undefined || row.state === 'active' || row.state === 'refused') return row?.state;
    await retireActive(tx, model.tag);
    crashPoint('model.retired');
    await tx.query(`update models set state = 'active', chosen_by = $2 where id = $1`, [id, by]);
    crashPoint('model.switched');
    return row.state;
  });

/** A model that forecasts: active, or in the shadow of the active one. */
export interface ModelInForce {
  readonly id: string;
  readonly tag: TagId;
  readonly state: 'active' | 'shadow';
  readonly origin: 'site' | 'centre';
  readonly artefact: Artefact;
  readonly trainedAt: Date;
  readonly chosenBy: string | null;
}

/** The models that forecast, of all tags or of one, the active one of each tag first. */
export const selectActiveModels = (db: Db, tag: TagId | null = null): Promise<ModelInForce[]> =>
  db.query<ModelInForce>(
    `select id, tag_id as tag, state, origin, artefact, trained_at as "trainedAt", chosen_by as "chosenBy"
     from models where state in ('active', 'shadow') and ($1::int is null or tag_id = $1)
     order by tag_id, state, version desc`,
    [tag],
  );

const inForce = (models: readonly ModelInForce[]): string =>
  models.map(({ id, state, chosenBy }) => `${id} ${state} ${chosenBy ?? ''}`).join();

/**
 * Takes the models that the site made itself out of force, before their successors come. False where those in force are
 * no longer the `known` ones: somebody has chosen meanwhile, and that stays.
 */
export async function retireSiteModels(tx: Db, tag: TagId, known: readonly ModelInForce[]): Promise<boolean> {
  await lockTag(tx, tag);
  if (inForce(await selectActiveModels(tx, tag)) !== inForce(known)) return false;
  await tx.query(
    `update models set state = 'retired' where tag_id = $1 and origin = 'site' and state in ('active', 'shadow')`,
    [tag],
  );
  return true;
}

/** Forgets all but the newest `kept` retired models that each tag's site made itself, with their forecasts. */
export async function deleteOldModels(db: Db, kept: number): Promise<number> {
  const rows = await db.query(
    `delete from models where id in (
       select id from (
         select id, row_number() over (partition by tag_id order by version desc) as age
         from models where state = 'retired' and origin = 'site'
       ) as retired where age > $1
     ) returning id`,
    [kept],
  );
  return rows.length;
}

type Row = Omit<ModelView, 'trainedAt'> & { trainedAt: Date };
const VIEW = `
  select m.id, m.tag_id as tag, t.name as "tagName", m.kind, m.version, m.state, m.origin, m.trained_at as "trainedAt",
         m.training, m.artefact -> 'metrics' as metrics, m.note, ${FIGURES}
  from models m join tags t on t.id = m.tag_id left join (${SUMS}) as s on s.model_id = m.id`;
const toView = (row: Row): ModelView => ({ ...row, trainedAt: row.trainedAt.toISOString() });

/** All versions of all tags, or of one: what is in force first, then the newest. */
export async function selectModels(
  db: Db,
  { tag = null, limit, offset }: PageQuery & { readonly tag?: number | null },
): Promise<Page<ModelView>> {
  const rows = await db.query<Row>(
    `${VIEW} where $1::int is null or m.tag_id = $1
     order by m.state not in ('active', 'shadow'), t.name, m.version desc limit $2 offset $3`,
    [tag, limit, offset],
  );
  const [count] = await db.query<{ total: number }>(
    `select count(*)::int as total from models where $1::int is null or tag_id = $1`,
    [tag],
  );
  return { items: rows.map(toView), total: count?.total ?? 0, limit, offset };
}

export async function selectModel(db: Db, id: string): Promise<ModelView | undefined> {
  const [row] = await db.query<Row>(`${VIEW} where m.id = $1`, [id]);
  return row === undefined ? undefined : toView(row);
}
