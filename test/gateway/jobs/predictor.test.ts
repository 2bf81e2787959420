import { expect, test } from 'vitest';
import { openPredictor } from '../../../gateway/jobs/predictor.ts';
import { anOrder, aSeries, seasonalValues } from '../../support/forecasting.ts';

const unstopped = new AbortController().signal;

test('while a model is trained the main thread goes on ticking', async () => {
  await using predictor = openPredictor(unstopped);
  const data = aSeries(seasonalValues({ length: 2000 }));
  let ticks = 0;
  const clock = setInterval(() => (ticks += 1), 5);
  const before = process.cpuUsage().user;
  const trained = await predictor.train(anOrder(), data);
  clearInterval(clock);
  expect(trained).toHaveProperty('metrics.skill');
  // The training costs far more time than a tick: if it blocked this thread, next to none would have come.
  expect(process.cpuUsage().user - before).toBeGreaterThan(100_000);
  expect(ticks).toBeGreaterThan(10);
});

test('too little data is an answer, after which the thread serves on', async () => {
  await using predictor = openPredictor(unstopped);
  const few = aSeries(seasonalValues({ length: 30 }));
  const answer = await predictor.train(anOrder(), few);
  expect('unusable' in answer && answer.unusable).toContain('there are 30');
  expect(await predictor.train(anOrder({ kind: 'seasonal-naive' }), few)).toHaveProperty('learned');
});

test('an abort ends the thread in the middle of its work', async () => {
  const stop = new AbortController();
  await using predictor = openPredictor(stop.signal);
  const training = predictor.train(anOrder(), aSeries(seasonalValues({ length: 100_000 })));
  stop.abort();
  await expect(training).rejects.toThrow("Thread 'predictor' ended");
});
