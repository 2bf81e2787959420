import { expect, test } from 'vitest';
import { outbox } from '../../../gateway/jobs/outbox.ts';
import { retention } from '../../../gateway/jobs/retention.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import { refillOutbox, selectOutbox } from '../../../sync/edge/store/backlog.ts';
import { enqueueReadings } from '../../../sync/edge/store/outbox.ts';
import { anEdgeDatabase, readingsOf, START } from '../../support/sync.ts';
import { silent } from '../../support/web.ts';

const DAY = 86_400_000;

test('what waits for the centre keeps its readings where those were dropped for their bytes, young as they are', async () => {
  await using db = await anEdgeDatabase();
  const { signal } = new AbortController();
  for (let i = 0; i < 40; i++) {
    const readings = readingsOf(1, 10, START + (i < 30 ? 0 : 2 * DAY) + i * 10_000);
    await db.transaction(async (tx) => {
      await insertReadings(tx, readings);
      await enqueueReadings(tx, readings);
    });
  }
  await rollUp(db, Date.now(), signal);
  const keep = () =>
    Promise.resolve({
      ...{ readingsDays: 9000, minutesDays: 9000, hoursDays: 9000, readingsBytes: 1 },
      beforeDrop: (before: Date) => refillOutbox(db, before),
    });
  const run = { slot: Date.now(), signal, log: silent };
  const bound = outbox(db, keep, 1);
  await bound.run(run);
  expect((await selectOutbox(db)).emptied).toBeGreaterThan(0);
  await retention(db, keep).run(run);
  await bound.run(run);
  const [left] = await db.query<{ n: number }>(
    'select count(*)::int as n from sync_outbox where payload is null and t_min < $1',
    [new Date(START + DAY)],
  );
  expect(left).toStrictEqual({ n: 0 });
});
