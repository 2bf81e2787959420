import { z } from 'zod';
import { actorOf } from '../../../platform/access/actor.ts';
import { insertAudit } from '../../../platform/access/store/audit.ts';
import { page, PageQuery } from '../../../platform/api/page.ts';
import type { Db } from '../../../platform/database/db.ts';
import { notFound, Problem } from '../../../platform/web/problem.ts';
import { route, textReply } from '../../../platform/web/route.ts';
import { AttemptView } from '../api/attempts.ts';
import { FleetTrainingView } from '../api/fleet.ts';
import type { Executor, Output } from '../executor.ts';
import { endTraining } from '../outcome.ts';
import { selectLatestAttempt } from '../store/attempts.ts';
import { selectAttemptHistories } from '../store/changes.ts';
import type { AttemptHistory } from '../store/changes.ts';
import { selectTrainingSummaries, selectTrainingSummary, updateCancelled } from '../store/trainings.ts';
import { trainingView } from '../views.ts';

const TrainingId = z.strictObject({ id: z.uuid() });

/** The trainings of the fleet, for people. `changed` is called when one has. */
export const trainingRoutes = (db: Db, executors: readonly Executor[], changed: () => void) => [
  route({
    method: 'GET',
    path: '/api/v1/trainings',
    role: 'viewer',
    summary: 'The trainings of all sites, newest first.',
    query: PageQuery,
    answer: page(FleetTrainingView),
    async handle({ query }) {
      const { rows, total } = await selectTrainingSummaries(db, query);
      return { items: rows.map(trainingView), total, ...query };
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/trainings/{id}',
    role: 'viewer',
    summary: 'One training.',
    params: TrainingId,
    answer: FleetTrainingView,
    async handle({ params }) {
      const training = await selectTrainingSummary(db, params.id);
      if (training === null) throw missing(params.id);
      return trainingView(training);
    },
  }),
  outputRoute(db, executors, 'log', 'What the newest attempt at a training has printed.'),
  outputRoute(
    db,
    executors,
    'metrics',
    'What the newest attempt has measured while it learns: JSON, line by line.',
  ),
  attemptsRoute(db),
  cancelRoute(db, changed),
];

const outputRoute = (db: Db, executors: readonly Executor[], what: Output, summary: string) =>
  route({
    method: 'GET',
    path: `/api/v1/trainings/{id}/${what}`,
    role: 'viewer',
    summary,
    params: TrainingId,
    async handle({ params, signal }) {
      if ((await selectTrainingSummary(db, params.id)) === null) throw missing(params.id);
      const attempt = await selectLatestAttempt(db, params.id);
      const kept = what === 'log' ? attempt?.log : attempt?.curve;
      const executor = executors.find(({ name }) => name === attempt?.executor);
      if (attempt === null || executor === undefined || typeof kept === 'string')
        return textReply(kept ?? '');
      return textReply(
        await executor.read(attempt.key, what, signal).catch((cause: unknown) => {
          const detail = `'${executor.name}', where the training runs, does not answer. Try again later.`;
          throw new Problem({ status: 503, detail }, { cause });
        }),
      );
    },
  });

const attemptsRoute = (db: Db) =>
  route({
    method: 'GET',
    path: '/api/v1/trainings/{id}/attempts',
    role: 'viewer',
    summary: 'Every run of a training, newest first, with each change of its state and what showed it.',
    params: TrainingId,
    query: PageQuery,
    answer: page(AttemptView),
    async handle({ params, query }) {
      if ((await selectTrainingSummary(db, params.id)) === null) throw missing(params.id);
      const { rows, total } = await selectAttemptHistories(db, params.id, query);
      return { items: rows.map(attemptView), total, ...query };
    },
  });

const attemptView = ({ created_at, ended_at, changes, ...attempt }: AttemptHistory): AttemptView => ({
  ...{ ...attempt, createdAt: created_at.toISOString(), endedAt: ended_at?.toISOString() ?? null },
  changes: changes.map((one) => ({ ...one, at: new Date(one.at).toISOString() })),
});

const cancelRoute = (db: Db, changed: () => void) =>
  route({
    method: 'DELETE',
    path: '/api/v1/trainings/{id}',
    role: 'engineer',
    summary: 'Cancels a training. One that runs ends as soon as its executor has been told.',
    params: TrainingId,
    async handle({ params: { id }, ...call }) {
      if ((await selectTrainingSummary(db, id)) === null) throw missing(id);
      const by = call.user.name;
      const found = await db.transaction(async (tx) => {
        const training = await updateCancelled(tx, id, by);
        if (training === null) return false;
        await insertAudit(tx, actorOf(call), { action: 'cancel a training', subject: id });
        if (training.state === 'queued') await endTraining(tx, training, 'cancelled', `Cancelled by ${by}.`);
        return true;
      });
      if (!found)
        throw new Problem({ status: 409, detail: `Training ${id} has ended: it cannot be cancelled.` });
      changed();
    },
  });

const missing = (id: string) => notFound(`There is no training ${id}. GET /api/v1/trainings lists them.`);
