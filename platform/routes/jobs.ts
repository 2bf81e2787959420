import { z } from 'zod';
import { actorOf } from '../access/actor.ts';
import type { Actor } from '../access/store/audit.ts';
import { insertAudit } from '../access/store/audit.ts';
import { JobRunView, JobView } from '../api/jobs.ts';
import { page, PageQuery } from '../api/page.ts';
import type { Db } from '../database/db.ts';
import { JobIsRunning, UnknownJob } from '../jobs/scheduler.ts';
import type { Scheduler } from '../jobs/scheduler.ts';
import { selectJobRuns } from '../jobs/store/job-runs.ts';
import { notFound, Problem } from '../web/problem.ts';
import { route } from '../web/route.ts';

const JobName = z.strictObject({ name: z.string().min(1).max(64) });

/** The jobs of a daemon, what they did, and a start by hand. The list answers while the database is away. */
export const jobRoutes = (db: Db, scheduler: Scheduler) => [
  route({
    method: 'GET',
    path: '/api/v1/jobs',
    role: 'viewer',
    summary: 'The jobs with their next slot and last run.',
    query: PageQuery,
    answer: page(JobView),
    handle({ query: { limit, offset } }) {
      const jobs = scheduler.list();
      return Promise.resolve({
        items: jobs.slice(offset, offset + limit),
        total: jobs.length,
        limit,
        offset,
      });
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/jobs/{name}/runs',
    role: 'viewer',
    summary: 'The runs of a job, newest first.',
    params: JobName,
    query: PageQuery,
    answer: page(JobRunView),
    handle({ params, query }) {
      if (!scheduler.list().some(({ name }) => name === params.name))
        throw notFound(`There is no job '${params.name}'. GET /api/v1/jobs lists them.`);
      return selectJobRuns(db, params.name, query);
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/jobs/{name}/runs',
    role: 'engineer',
    summary: 'Starts a job now. It is refused while the job is running.',
    params: JobName,
    answer: z.strictObject({ id: z.string() }),
    status: 202,
    handle: ({ params, ...call }) =>
      startOnRecord(db, scheduler, params.name, { ...actorOf(call), who: call.user.name }),
  }),
];

/** The act is on record before it is done. What is refused leaves no record. */
export async function startOnRecord(
  db: Db,
  scheduler: Scheduler,
  name: string,
  actor: Actor & { readonly who: string },
): Promise<{ id: string }> {
  // Not one transaction with the start: the run would begin inside of it.
  if (scheduler.list().some((job) => job.name === name && !job.running))
    await insertAudit(db, actor, { action: 'start a job', subject: name });
  return { id: startJob(scheduler, name, actor.who) };
}

function startJob(scheduler: Scheduler, name: string, user: string): string {
  try {
    return scheduler.start(name, user);
  } catch (err) {
    if (err instanceof UnknownJob) throw notFound(err.message);
    if (err instanceof JobIsRunning) throw new Problem({ status: 409, detail: err.message }, { cause: err });
    throw err;
  }
}
