import { z } from 'zod';
import { actorOf } from '../../../platform/access/actor.ts';
import { insertAudit } from '../../../platform/access/store/audit.ts';
import { page, PageQuery } from '../../../platform/api/page.ts';
import type { Db } from '../../../platform/database/db.ts';
import { notFound, Problem } from '../../../platform/web/problem.ts';
import { Reply, route } from '../../../platform/web/route.ts';
import { QuarantinedView } from '../api/fleet.ts';
import { isPoison, retryQuarantined, UnknownTags } from '../ingest.ts';
import {
  selectQuarantined,
  selectQuarantinedOne,
  takeQuarantined,
  updateReason,
} from '../store/quarantine.ts';
import type { Quarantined } from '../store/quarantine.ts';
import { quarantinedView } from '../views.ts';

const Id = z.strictObject({ id: z.uuid() });

/** Segments that could not be read, for people. */
export const quarantineRoutes = (db: Db, changed: () => void) => [
  listQuarantined(db),
  retry(db, changed),
  discard(db, changed),
];

const listQuarantined = (db: Db) =>
  route({
    method: 'GET',
    path: '/api/v1/quarantine',
    role: 'viewer',
    summary: 'What sites sent and could not be read, the newest first.',
    query: PageQuery.extend({ site: z.uuid().optional() }),
    answer: page(QuarantinedView),
    async handle({ query: { site, ...place } }) {
      const { rows, total } = await selectQuarantined(db, { site, ...place });
      return { items: rows.map(quarantinedView), total, ...place };
    },
  });

const retry = (db: Db, changed: () => void) =>
  route({
    method: 'POST',
    path: '/api/v1/quarantine/{id}/retry',
    role: 'engineer',
    summary:
      'Takes a segment in once more, as if it had just come: for example after an update. 422: it still cannot be read.',
    params: Id,
    async handle({ params: { id }, ...call }) {
      const one = await theOne(db, id);
      try {
        await db.transaction(async (tx) => {
          await insertAudit(tx, actorOf(call), {
            action: 'retry a quarantined segment',
            subject: named(one),
          });
          if (!(await retryQuarantined(tx, id))) throw gone(id);
        });
      } catch (err) {
        if (!isPoison(err) && !(err instanceof UnknownTags)) throw err;
        const { message } = err as Error;
        await updateReason(db, id, message);
        throw new Problem({ status: 422, detail: `It still cannot be read: ${message}` }, { cause: err });
      }
      changed();
      return new Reply({ status: 204 });
    },
  });

const discard = (db: Db, changed: () => void) =>
  route({
    method: 'DELETE',
    path: '/api/v1/quarantine/{id}',
    role: 'engineer',
    summary: 'Deletes a segment that could not be read, for good.',
    params: Id,
    async handle({ params: { id }, ...call }) {
      const one = await theOne(db, id);
      await db.transaction(async (tx) => {
        if ((await takeQuarantined(tx, id)) === null) throw gone(id);
        const { stream, kind, n, reason } = one;
        const old = { stream, kind, n, reason };
        await insertAudit(tx, actorOf(call), {
          action: 'delete a quarantined segment',
          subject: named(one),
          old,
        });
      });
      changed();
      return new Reply({ status: 204 });
    },
  });

const named = ({ siteName, stream, arrivedAt }: Quarantined): string =>
  `${siteName}: ${stream} of ${arrivedAt.toISOString()}`;

const gone = (id: string) =>
  notFound(`There is nothing ${id} in quarantine. GET /api/v1/quarantine lists what is.`);

async function theOne(db: Db, id: string): Promise<Quarantined> {
  const one = await selectQuarantinedOne(db, id);
  if (one === null) throw gone(id);
  return one;
}
