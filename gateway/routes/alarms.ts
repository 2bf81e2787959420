import { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Act } from '../../platform/access/store/audit.ts';
import { page, PageQuery } from '../../platform/api/page.ts';
import type { Db } from '../../platform/database/db.ts';
import { Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { Acknowledgement, AlarmView } from '../api/alarms.ts';
import type { Operation } from '../operation.ts';
import { Unable } from '../runtime/ask.ts';
import { selectAlarms } from '../store/alarms.ts';
import { problemOf } from './unable.ts';

export const alarms = (db: Db, operation: () => Operation) => [
  route({
    method: 'GET',
    path: '/api/v1/alarms',
    role: 'viewer',
    summary: 'Alarms: unacknowledged first, then the most urgent, then the newest.',
    query: PageQuery.extend({ state: z.enum(['open', 'all']).default('open') }),
    answer: page(AlarmView),
    handle: ({ query: { state, ...where } }) =>
      selectAlarms(db, state, where, (id) => operation().isCertain(id)),
  }),
  route({
    method: 'POST',
    path: '/api/v1/alarms/{id}/acknowledgement',
    role: 'operator',
    summary: 'Acknowledges one alarm. That of a device is acknowledged at the device, which may refuse.',
    params: z.strictObject({ id: z.uuid() }),
    body: Acknowledgement,
    answer: z.strictObject({ acknowledged: z.literal(true) }),
    async handle({ params, body, ...call }) {
      const record = (act: Act) => insertAudit(db, actorOf(call), act);
      const act = { by: call.user.name, comment: body.comment ?? null, record };
      const done = await operation()
        .acknowledge(params.id, act)
        .catch((err: unknown) => {
          if (err instanceof Unable) return problemOf(err);
          throw err;
        });
      if (!done) {
        throw new Problem({
          status: 409,
          detail:
            'This alarm is not waiting for an acknowledgement: somebody was quicker, or it is over. Look at the list again.',
        });
      }
      return { acknowledged: true as const };
    },
  }),
];
