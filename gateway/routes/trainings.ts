import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { page, PageQuery } from '../../platform/api/page.ts';
import type { Db } from '../../platform/database/db.ts';
import { notFound, Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import type { TrainingOrdered } from '../../sync/wire.ts';
import { TrainingOrder, TrainingView } from '../api/models.ts';
import type { Operation } from '../operation.ts';
import type { Tag } from '../plant/tag.ts';
import { orderTraining, selectTraining, selectTrainings } from '../store/trainings.ts';

/** `outbox` is null where no centre is configured: then nobody could train. */
export const trainings = (db: Db, outbox: Outbox | null, operation: () => Operation) => [
  route({
    method: 'POST',
    path: '/api/v1/trainings',
    role: 'engineer',
    summary: 'Orders a training at the centre; its model comes back as a shadow.',
    body: TrainingOrder,
    answer: z.strictObject({ id: z.uuid() }),
    async handle({ body, ...call }) {
      if (outbox === null) throw noCentre();
      const order = orderOf(body, operation().plant.tags, call.user.name);
      await orderTraining(db, outbox, order, actorOf(call));
      return { id: order.id };
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/trainings',
    role: 'viewer',
    summary: 'The trainings ordered here, newest first.',
    query: PageQuery,
    answer: page(TrainingView),
    handle: ({ query }) => selectTrainings(db, query),
  }),
  route({
    method: 'GET',
    path: '/api/v1/trainings/{id}',
    role: 'viewer',
    summary: 'One training.',
    params: z.strictObject({ id: z.uuid() }),
    answer: TrainingView,
    async handle({ params }) {
      const training = await selectTraining(db, params.id);
      if (training === undefined)
        throw notFound(`There is no training ${params.id}. GET /api/v1/trainings lists them.`);
      return training;
    },
  }),
];

const noCentre = () =>
  new Problem({
    status: 409,
    detail: "No centre is configured to train at. Set 'centre.url' in gateway.yaml.",
  });

function orderOf(
  { tag, kind, from, to }: TrainingOrder,
  tags: readonly Tag[],
  orderedBy: string,
): TrainingOrdered {
  const settings = settingsOf(
    tags.find(({ id }) => id === tag),
    tag,
  );
  const orderedAt = Date.now();
  const range = {
    from: from === undefined ? null : Date.parse(from),
    to: to === undefined ? orderedAt : Date.parse(to),
  };
  if (range.from !== null && range.from >= range.to) {
    const end = new Date(range.to).toISOString();
    throw new Problem({
      status: 400,
      detail: "The range is empty: 'from' must be before 'to'.",
      faults: [{ field: 'body.from', value: from, remedy: `Choose an instant before ${end}.` }],
    });
  }
  return {
    type: 'training-ordered',
    ...{ id: randomUUID(), tag, kind, settings, ...range, orderedAt, orderedBy },
  };
}

function settingsOf(tag: Tag | undefined, asked: number) {
  const field = 'body.tag';
  if (tag === undefined) {
    throw new Problem({
      status: 400,
      detail: `There is no tag ${asked}.`,
      faults: [{ field, value: asked, remedy: 'Choose one of GET /api/v1/tags.' }],
    });
  }
  if (tag.forecast === null) {
    throw new Problem({
      status: 400,
      detail: `${tag.name} has no forecast settings.`,
      faults: [{ field, value: asked, remedy: "Give the tag 'forecast' settings in the plant model first." }],
    });
  }
  return tag.forecast;
}
