import { canonicalBytes, JobData, JobOrder } from '../../forecasting/artefact.ts';
import { selectSeries } from '../../history/store/series.ts';
import type { Db } from '../../platform/database/db.ts';
import { JobRejected } from './executor.ts';
import type { JobFiles } from './executor.ts';
import type { Training } from './store/trainings.ts';

/** Where an order names no beginning: so many seasons, which is more than any model makes use of. */
const SEASONS = 30;

/** Cuts the training's data from the centre's readings. Rejects with `JobRejected` where there is nothing to train on. */
export async function jobFiles(db: Db, training: Training): Promise<JobFiles> {
  const { stepMs, season } = training.settings;
  const to = Math.floor(training.to_time.getTime() / stepMs) * stepMs;
  const from =
    training.from_time === null
      ? to - SEASONS * season * stepMs
      : Math.floor(training.from_time.getTime() / stepMs) * stepMs;
  const values = await selectSeries(db, { tag: training.tag, from, to, stepMs });
  const first = values.findIndex((value) => !Number.isNaN(value));
  if (first === -1)
    throw new JobRejected(
      `The centre has no readings of ${training.tag_name} between ${new Date(from).toISOString()} and ${new Date(to).toISOString()}.`,
    );
  const data = JobData.safeParse({
    start: from + first * stepMs,
    stepMs,
    values: Array.from(values.subarray(first), (value) => (Number.isNaN(value) ? null : value)),
  });
  const order = JobOrder.safeParse({
    id: training.id,
    kind: training.kind,
    settings: training.settings,
    tag: { name: training.tag_name },
  });
  if (!data.success) throw new JobRejected(`The data cannot be trained on: ${data.error.message}`);
  if (!order.success) throw new JobRejected(`The order cannot be carried out here: ${order.error.message}`);
  return { order: canonicalBytes(order.data), data: canonicalBytes(data.data) };
}
