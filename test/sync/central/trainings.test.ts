import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Database } from '../../../platform/database/db.ts';
import { createLog } from '../../../platform/log.ts';
import type { Executor } from '../../../sync/central/executor.ts';
import { receiver } from '../../../sync/central/ingest.ts';
import { syncMetrics } from '../../../sync/central/metrics.ts';
import { localExecutor } from '../../../sync/central/local/executor.ts';
import { findJob } from '../../../sync/central/local/process.ts';
import type { Dispatcher } from '../../../sync/central/outcome.ts';
import { rollUps } from '../../../sync/central/roll-ups.ts';
import { selectOpenAttempts } from '../../../sync/central/store/attempts.ts';
import { selectMessages } from '../../../sync/central/store/messages.ts';
import { selectTrainingSummary } from '../../../sync/central/store/trainings.ts';
import { followTrainings, sendTrainings } from '../../../sync/central/trainings.ts';
import { sealFault } from '../../../sync/seal.ts';
import type { CentreMessage } from '../../../sync/wire.ts';
import { aFolder } from '../../support/folder.ts';
import {
  aCentralDatabase,
  anEventsSegment,
  anOrder,
  aReadingsSegment,
  aSite,
  aTag,
  readingsOf,
  START,
} from '../../support/sync.ts';

const { signal } = new AbortController();
const { privateKey } = generateKeyPairSync('ed25519');
const HOUR_MS = 3_600_000;

/** Two hours of readings a second apart, with a season of 24 minutes. */
const END = START + 2 * HOUR_MS;

let db: Database;
let folder: Awaited<ReturnType<typeof aFolder>>;
let site: string;
beforeAll(async () => {
  db = await aCentralDatabase();
  folder = await aFolder();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** A site with a tag, its readings, and an order for a training. */
async function ordered(changes: Parameters<typeof anOrder>[0] = {}): Promise<string> {
  site = await aSite(db);
  const receive = receiver(db, createLog('test', 'silent'), syncMetrics(new Registry()));
  const epoch = randomUUID();
  await receive(anEventsSegment({ site, epoch, seq: 1 }, [{ type: 'tags', tags: [aTag(1)] }]));
  const wave = readingsOf(1, 7201).map((one, i) => ({
    ...one,
    value: Math.sin(i / 230),
    cleaned: Math.sin(i / 230),
  }));
  await receive(aReadingsSegment({ site, epoch, seq: 1 }, wave));
  const order = anOrder({ to: END, ...changes });
  await receive(anEventsSegment({ site, epoch, seq: 2 }, [order]));
  return order.id;
}

const dispatcherWith = (executor: Executor, parallel: number): Dispatcher => ({
  ...{ db, executors: [executor], parallel, expireMs: HOUR_MS, rollUp: rollUps(db), key: privateKey },
  ...{ log: createLog('test', 'silent'), changed: () => undefined },
});
const dispatchWith = async (executor: Executor, parallel = 4) => {
  const dispatcher = dispatcherWith(executor, parallel);
  await sendTrainings(dispatcher, [executor], signal);
  await followTrainings(dispatcher, executor, signal);
};
const dispatch = () => dispatchWith(localExecutor(folder.path));
const training = async (id: string) => (await selectTrainingSummary(db, id))!;
const messages = async () =>
  (await selectMessages(db, site, { epoch: undefined, after: 0 })).messages.map(
    ({ body }) => body as CentreMessage,
  );
const attemptOf = async (id: string) =>
  (await selectOpenAttempts(db)).find((attempt) => attempt.training === id);
const giveUp = async (id: string) => {
  await localExecutor(folder.path).cancel(`${id}-a1`, signal);
  await db.query(`update trainings set state = 'failed' where id = $1`, [id]);
  await db.query(`update training_attempts set ended_at = now() where training = $1`, [id]);
};
const untilEnded = (id: string) =>
  vi.waitFor(
    async () => {
      await dispatch();
      expect((await training(id)).ended_at).not.toBeNull();
    },
    { timeout: 25_000, interval: 100 },
  );

// Each look is by a dispatcher and an executor that know nothing but rows, files and processes, as after a restart.
test('an order becomes a job, its result is verified and signed, and the model is on its way to the site', async () => {
  const id = await ordered();
  await untilEnded(id);
  expect(await training(id)).toMatchObject({
    state: 'succeeded',
    error: null,
    attempts: 1,
    executor: 'local',
  });
  const sent = await messages();
  expect(sent.map((m) => (m.type === 'model' ? 'model' : m.state))).toEqual(['queued', 'running', 'model']);
  const model = sent.at(-1) as Extract<CentreMessage, { type: 'model' }>;
  expect(sealFault(id, model.artefact, model, createPublicKey(privateKey))).toBeNull();
  expect(JSON.parse(model.artefact)).toMatchObject({ id, tag: { name: 'TAG-1' }, trainedOn: { to: END } });
});

test('a centre that ended between its decision and the start of the job starts it once', async () => {
  const id = await ordered();
  const local = localExecutor(folder.path);
  const cut: Executor = {
    ...local,
    async submit(...job) {
      await local.submit(...job);
      throw new Error('the power went out');
    },
    poll: () => Promise.reject(new Error('nobody asks any more')),
  };
  await dispatchWith(cut);
  expect((await attemptOf(id))?.state).toBe('submitting');
  const pid = await findJob(`${id}-a1`);
  await dispatch();
  expect([(await attemptOf(id))?.state, await findJob(`${id}-a1`)]).toEqual(['running', pid]);
  await untilEnded(id);
  expect((await training(id)).attempts).toBe(1);
});

test('a job whose machine failed under it is tried again as another attempt', async () => {
  const id = await ordered();
  await dispatch();
  process.kill(-(await findJob(`${id}-a1`))!, 'SIGKILL');
  await untilEnded(id);
  expect(await training(id)).toMatchObject({ state: 'succeeded', attempts: 2 });
});

test('an artefact that was altered after the job is refused, and the site hears why', async () => {
  const id = await ordered();
  await dispatch();
  const local = localExecutor(folder.path);
  await vi.waitFor(
    async () =>
      expect((await local.poll([{ key: `${id}-a1`, job: null }], signal)).get(`${id}-a1`)?.state).toBe(
        'finished',
      ),
    {
      timeout: 25_000,
    },
  );
  await writeFile(join(folder.path, `${id}-a1`, 'result', 'artefact.json'), '{"format":"penstock-model/1"}');
  await untilEnded(id);
  expect(await training(id)).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('artefact.json') as string,
  });
  expect((await messages()).at(-1)).toMatchObject({ type: 'training-status', state: 'failed' });
});

test.each<[string, Parameters<typeof anOrder>[0], RegExp]>([
  ['of a kind that this centre does not train', { kind: 'crystal-ball' }, /kind/],
  ['of a time without readings', { from: START - 9 * HOUR_MS, to: START - HOUR_MS }, /no readings/],
])('an order %s fails at once, in words for a person', async (_, order, error) => {
  const id = await ordered(order);
  await untilEnded(id);
  expect((await training(id)).error).toMatch(error);
  expect((await messages()).at(-1)).toMatchObject({ state: 'failed' });
});

test('an executor that does not answer changes nothing', async () => {
  const id = await ordered();
  await dispatch();
  const before = await attemptOf(id);
  const deaf: Executor = {
    ...localExecutor(folder.path),
    poll: () => Promise.reject(new Error('no answer')),
  };
  await dispatchWith(deaf);
  const { state, silent_polls } = (await attemptOf(id))!;
  expect({ state, silent_polls }).toEqual({ state: before?.state, silent_polls: 0 });
  await giveUp(id);
});

test('no more trainings run at a time than configured', async () => {
  const [one, two] = [await ordered(), await ordered()];
  await dispatchWith(localExecutor(folder.path), 1);
  expect((await selectOpenAttempts(db)).map((attempt) => attempt.training)).toEqual([one]);
  await giveUp(one);
  await giveUp(two);
});

test('a training waits for readings that are still on their way', async () => {
  const id = await ordered({ to: END + HOUR_MS });
  await dispatch();
  expect(await attemptOf(id)).toBeUndefined();
});
