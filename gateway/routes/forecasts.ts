import { z } from 'zod';
import type { Db } from '../../platform/database/db.ts';
import { notFound } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { ForecastView } from '../api/models.ts';
import { selectForecast } from '../store/forecasts.ts';

export const forecasts = (db: Db) => [
  route({
    method: 'GET',
    path: '/api/v1/forecasts/{tag}',
    role: 'viewer',
    summary: 'The newest forecast of a tag by its active model.',
    params: z.strictObject({ tag: z.coerce.number().int().min(1).max(2_147_483_647) }),
    answer: ForecastView,
    async handle({ params: { tag } }) {
      const view = await selectForecast(db, tag);
      if (view !== undefined) return view;
      throw notFound(
        `There is no forecast of tag ${tag} yet. It needs forecast settings, some history and a run of the job 'forecast'.`,
      );
    },
  }),
];
