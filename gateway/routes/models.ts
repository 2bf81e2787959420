import { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Actor } from '../../platform/access/store/audit.ts';
import { page, PageQuery } from '../../platform/api/page.ts';
import type { Db } from '../../platform/database/db.ts';
import { notFound, Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { ModelView } from '../api/models.ts';
import { activateModel, selectModel, selectModels } from '../store/models.ts';

const ModelQuery = PageQuery.extend({ tag: z.coerce.number().int().min(1).max(2_147_483_647).optional() });

export const models = (db: Db) => [
  route({
    method: 'GET',
    path: '/api/v1/models',
    role: 'viewer',
    summary: 'Forecast models: what is in force first, then the newest.',
    query: ModelQuery,
    answer: page(ModelView),
    handle: ({ query: { tag = null, ...where } }) => selectModels(db, { ...where, tag }),
  }),
  route({
    method: 'POST',
    path: '/api/v1/models/{id}/activation',
    role: 'engineer',
    summary: 'Makes a model the active one of its tag; the one that was is retired and can be brought back.',
    params: z.strictObject({ id: z.uuid() }),
    answer: ModelView,
    handle: ({ params, ...call }) => db.transaction((tx) => activate(tx, params.id, actorOf(call))),
  }),
];

async function activate(tx: Db, id: string, actor: Actor): Promise<ModelView> {
  const before = await activateModel(tx, id, actor.who ?? '');
  if (before === 'refused')
    throw new Problem({ status: 409, detail: 'This model was refused when it arrived; its note says why.' });
  const model = before === undefined ? undefined : await selectModel(tx, id);
  if (model === undefined) throw notFound('There is no such model. GET /api/v1/models lists them.');
  if (before !== 'active')
    await insertAudit(tx, actor, {
      action: 'activate a model',
      subject: `${model.tagName}, version ${model.version}`,
      old: before,
      new: 'active',
    });
  return model;
}
