import { z } from 'zod';
import { page, PageQuery } from '../../../platform/api/page.ts';
import type { Db } from '../../../platform/database/db.ts';
import { notFound } from '../../../platform/web/problem.ts';
import { route, textReply } from '../../../platform/web/route.ts';
import { FleetTrainingView } from '../api/fleet.ts';
import type { Executor } from '../executor.ts';
import { selectLatestAttempt } from '../store/attempts.ts';
import { selectTrainingSummaries, selectTrainingSummary } from '../store/trainings.ts';
import { trainingView } from '../views.ts';

const TrainingId = z.strictObject({ id: z.uuid() });

/** The trainings of the fleet, for people. */
export const trainingRoutes = (db: Db, executor: Executor) => [
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
  route({
    method: 'GET',
    path: '/api/v1/trainings/{id}/log',
    role: 'viewer',
    summary: 'What the newest attempt at a training has printed.',
    params: TrainingId,
    async handle({ params, signal }) {
      if ((await selectTrainingSummary(db, params.id)) === null) throw missing(params.id);
      const attempt = await selectLatestAttempt(db, params.id);
      if (attempt === null) return textReply('');
      return textReply(attempt.log ?? (await executor.readLog(attempt.key, signal)));
    },
  }),
];

const missing = (id: string) => notFound(`There is no training ${id}. GET /api/v1/trainings lists them.`);
