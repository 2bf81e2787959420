import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { expect, vi } from 'vitest';
import type { Db } from '../../platform/database/db.ts';
import { createLog } from '../../platform/log.ts';
import type { Executor } from '../../sync/central/executor.ts';
import { receiver } from '../../sync/central/ingest.ts';
import { syncMetrics } from '../../sync/central/metrics.ts';
import type { Dispatcher } from '../../sync/central/outcome.ts';
import { rollUps } from '../../sync/central/roll-ups.ts';
import { selectTrainingSummary } from '../../sync/central/store/trainings.ts';
import type { TrainingSummary } from '../../sync/central/store/trainings.ts';
import { followTrainings, sendTrainings } from '../../sync/central/trainings.ts';
import { anEventsSegment, anOrder, aReadingsSegment, aSite, aTag, readingsOf, START } from './sync.ts';

const HOUR_MS = 3_600_000;
/** Two hours of readings a second apart. */
export const END = START + 2 * HOUR_MS;
const log = createLog('test', 'silent');
const { privateKey } = generateKeyPairSync('ed25519');

/** A site with a tag and its readings, that orders trainings. */
export async function anOrderingSite(db: Db): Promise<{ site: string; order: () => Promise<string> }> {
  const site = await aSite(db);
  const receive = receiver(db, log, syncMetrics(new Registry()));
  const epoch = randomUUID();
  let seq = 1;
  await receive(anEventsSegment({ site, epoch, seq }, [{ type: 'tags', tags: [aTag(1)] }]));
  const wave = readingsOf(1, 7201).map((one, i) => ({
    ...one,
    value: Math.sin(i / 230),
    cleaned: Math.sin(i / 230),
  }));
  await receive(aReadingsSegment({ site, epoch, seq: 1 }, wave));
  return {
    site,
    order: async () => {
      const order = anOrder({ to: END });
      await receive(anEventsSegment({ site, epoch, seq: (seq += 1) }, [order]));
      return order.id;
    },
  };
}

export const aDispatcher = (db: Db, executors: readonly Executor[], parallel = 50): Dispatcher => ({
  ...{ db, executors, parallel, expireMs: HOUR_MS, rollUp: rollUps(db), key: privateKey },
  ...{ log, changed: () => undefined },
});

const { signal } = new AbortController();

/** Sends what is decided, and nothing else. */
export const send = (db: Db, executor: Executor): Promise<void> =>
  sendTrainings(aDispatcher(db, [executor]), [executor], signal);
/** One poll, and what follows from it. */
export const followOnce = (db: Db, executor: Executor): Promise<void> =>
  followTrainings(aDispatcher(db, [executor]), executor, signal);

export async function summary(db: Db, id: string): Promise<TrainingSummary> {
  const found = await selectTrainingSummary(db, id);
  if (found === null) throw new Error(`There is no training ${id}.`);
  return found;
}

/** Dispatches until what is expected holds, with a dispatcher that knows nothing but rows each time. */
export const dispatchUntil = (db: Db, executor: Executor, expected: () => Promise<void>, timeout = 60_000) =>
  vi.waitFor(
    async () => {
      await send(db, executor);
      await followOnce(db, executor);
      await expected();
    },
    { timeout, interval: 300 },
  );

export const untilEnded = (db: Db, executor: Executor, ids: readonly string[], timeout = 60_000) =>
  dispatchUntil(
    db,
    executor,
    async () => {
      for (const id of ids) expect((await summary(db, id)).ended_at).not.toBeNull();
    },
    timeout,
  );

/** The states that the attempts of a training have gone through, in order, as `1:running`. */
export async function statesOf(db: Db, id: string): Promise<string[]> {
  const rows = await db.query<{ n: number; to_state: string }>(
    `select a.n, c.to_state from training_changes c join training_attempts a on a.key = c.attempt
     where a.training = $1 order by c.id`,
    [id],
  );
  return rows.map(({ n, to_state }) => `${n}:${to_state}`);
}
