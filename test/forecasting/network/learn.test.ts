import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { LearningParameters } from '../../../forecasting/artefact.ts';
import type { Settings } from '../../../forecasting/artefact.ts';
import { floatsOfText } from '../../../forecasting/floats.ts';
import { nlinear } from '../../../forecasting/models/nlinear.ts';
import { learnNLinear } from '../../../forecasting/network/learn.ts';
import type { CurvePoint, Memory } from '../../../forecasting/network/learn.ts';
import { seasonalValues, someSettings } from '../../support/forecasting.ts';

interface Given {
  values?: Float64Array;
  settings?: Settings;
  parameters?: Partial<LearningParameters>;
  from?: Memory | null;
}

const aborted = new AbortController().signal;

/** Learns for real; answers with the lesson and all that was kept on the way. */
async function learned({
  values = seasonalValues({ length: 600 }),
  settings = someSettings(),
  parameters = {},
  from = null,
}: Given = {}) {
  const kept: { memory: Memory; point: CurvePoint | null }[] = [];
  const course = {
    settings,
    parameters: LearningParameters.parse({ epochs: 8, ...parameters }),
    from,
    keep: (memory: Memory, point: CurvePoint | null) => {
      kept.push({ memory, point });
      return Promise.resolve();
    },
  };
  const end = values.length;
  const lesson = await learnNLinear({ values, validation: Math.floor(0.8 * end), end }, course, aborted);
  return { ...lesson, kept };
}

test('a season is learned: the validation error falls far below that of saying the last value again', async () => {
  const { kept, figures } = await learned();
  const [first] = kept;
  expect(figures.validation).toBeLessThan(0.1 * first!.memory.best.validation);
  expect(kept.flatMap(({ point }) => point?.epoch ?? [])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('the computing is done in WebAssembly', async () => {
  await learned({ parameters: { epochs: 1 } });
  expect(tf.getBackend()).toBe('wasm');
});

test('what is said without TensorFlow is what TensorFlow says, within 1e-5 of the scale', async () => {
  const values = seasonalValues({ length: 600 });
  const { params } = await learned({ values });
  const { lookback, ahead } = params;
  const all = floatsOfText(params.weights);
  for (const at of [100, 300, 555]) {
    const recent = values.subarray(at - lookback, at);
    const last = recent.at(-1)!;
    const said = tf.tidy(() => {
      const inputs = tf.tensor2d(
        Float32Array.from(recent, (value) => value - last),
        [1, lookback],
      );
      const weights = tf.tensor2d(all.slice(ahead), [lookback, ahead]);
      return tf.add(tf.matMul(inputs, weights), tf.tensor1d(all.slice(0, ahead))).dataSync();
    });
    nlinear
      .predict(params, recent, ahead)
      .forEach((value, k) => expect(Math.abs(value - last - said[k]!)).toBeLessThan(1e-5 * 10));
  }
});

test('the same seed learns the same weights, another seed others', async () => {
  const [one, again, other] = [await learned(), await learned(), await learned({ parameters: { seed: 2 } })];
  expect(again.params).toEqual(one.params);
  expect(other.params.weights).not.toBe(one.params.weights);
});

test('an interrupted learning goes on from any pass to the very same weights', async () => {
  const whole = await learned();
  for (const { memory } of [whole.kept[0]!, whole.kept[3]!, whole.kept[7]!]) {
    const resumed = await learned({ from: memory });
    expect(resumed.params).toEqual(whole.params);
    expect(resumed.figures).toEqual(whole.figures);
  }
});

test('it stops when the validation gets no better for as long as its patience, and the best pass counts', async () => {
  const noise = seasonalValues({ amplitude: 0, length: 400 });
  const { figures, kept } = await learned({ values: noise, parameters: { epochs: 200, patience: 3 } });
  expect(figures.epochs).toBe(figures.bestEpoch + 3);
  expect(kept.at(-1)!.memory.stop).toBe('patience');
});

test('a learning rate at which it diverges is named, with what to do', async () => {
  const wild = { learningRate: 1, batch: 1, patience: 100 };
  const values = seasonalValues({ length: 2000, amplitude: 0, slope: 1 });
  await expect(learned({ values, parameters: wild })).rejects.toThrow(/diverged .* try a tenth/);
});

test('too few stretches without a gap are refused with how many there must be', async () => {
  const values = seasonalValues({ length: 400 }).map((value, i) => (i % 40 === 0 ? NaN : value));
  await expect(learned({ values })).rejects.toThrow(
    /at least 16 stretches of 60 values .* there are 0 and 0/,
  );
});

test('gaps are left out, and what lies between them is learned', async () => {
  const values = seasonalValues({ length: 900 }).map((value, i) => (i % 150 === 0 ? NaN : value));
  const { figures, kept } = await learned({ values });
  expect(figures.validation).toBeLessThan(0.2 * kept[0]!.memory.best.validation);
});

test('values that never change are learned too', async () => {
  const { params } = await learned({ values: new Float64Array(400).fill(7) });
  const said = nlinear.predict(params, new Float64Array(params.lookback).fill(7), 20);
  expect([...said]).toEqual(new Array(20).fill(7));
});
