import { expect, test } from 'vitest';
import { LearningParameters } from '../../../forecasting/artefact.ts';
import { nlinear } from '../../../forecasting/models/nlinear.ts';
import { learnNLinear } from '../../../forecasting/network/learn.ts';
import { openPredictor } from '../../../gateway/jobs/predictor.ts';
import { aModel, anOrder, aSeries, seasonalValues, someSettings } from '../../support/forecasting.ts';

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

test('a network that a training job learned forecasts here, where none can be trained', async () => {
  const data = aSeries(seasonalValues({ length: 600 }));
  const { values } = data;
  const settings = someSettings();
  const { params } = await learnNLinear(
    { values, validation: 400, end: 588 },
    {
      settings,
      parameters: LearningParameters.parse({ epochs: 10 }),
      from: null,
      keep: () => Promise.resolve(),
    },
    unstopped,
  );
  const { bands } = aModel({}, data);
  const model = { learned: { kind: 'nlinear' as const, params }, settings, bands };
  await using predictor = openPredictor(unstopped);
  const said = await predictor.forecast(model, { ...data, values: values.subarray(0, 588) });
  if ('unusable' in said) throw new Error(said.unusable);
  expect(said.fallback).toBeNull();
  expect(said.mean).toEqual(nlinear.predict(params, values.subarray(0, 588), settings.horizon));
  expect(await predictor.train(anOrder({ kind: 'nlinear' }), data)).toEqual({
    unusable: 'A model of kind nlinear is trained at the centre, by a training job.',
  });
});
