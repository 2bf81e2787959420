import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from './windows.ts';

/** All that learning stands on between two passes; the next pass follows from it alone. */
export interface NetworkState {
  /** Passes done. */
  readonly pass: number;
  /** Steps done. */
  readonly steps: number;
  /** Weights (lookback x ahead) and biases. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  /** Adam's means of the gradients and of their squares: of weights and biases each. */
  readonly moments: readonly Float32Array[];
}

/** A network that says that nothing will change. */
export function initialState(lookback: number, ahead: number): NetworkState {
  const [weights, bias] = [new Float32Array(lookback * ahead), new Float32Array(ahead)];
  return { pass: 0, steps: 0, weights, bias, moments: [weights, bias, weights, bias] };
}

export interface Pass {
  readonly learningRate: number;
  readonly batches: Iterable<Examples>;
}

/**
 * One pass over all batches; answers with the state after it and the mean loss. It begins with a fresh optimizer that
 * is given the state, so a pass after a restart does exactly what it would have done without.
 */
export async function pass(
  state: NetworkState,
  { learningRate, batches }: Pass,
  signal: AbortSignal,
): Promise<{ state: NetworkState; loss: number }> {
  const [lookback, ahead] = [state.weights.length / state.bias.length, state.bias.length];
  const weights = tf.variable(tf.tensor2d(state.weights, [lookback, ahead]));
  const bias = tf.variable(tf.tensor1d(state.bias));
  const adam = tf.train.adam(learningRate);
  try {
    const given = optimizerState(state, lookback, ahead);
    await adam.setWeights(given);
    tf.dispose(given.map(({ tensor }) => tensor));
    let [sum, examples, steps] = [0, 0, 0];
    for (const batch of batches) {
      sum += batch.count * step(adam, { weights, bias }, batch);
      examples += batch.count;
      steps += 1;
      // Between two steps the rest of the process has its turn: signals are heard.
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    }
    const [count, ...moments] = await adam.getWeights();
    tf.dispose(count?.tensor ?? []);
    return {
      state: {
        pass: state.pass + 1,
        steps: state.steps + steps,
        weights: weights.dataSync().slice() as Float32Array,
        bias: bias.dataSync().slice() as Float32Array,
        moments: moments.map(({ tensor }) => tensor.dataSync().slice() as Float32Array),
      },
      loss: sum / examples,
    };
  } finally {
    adam.dispose();
    tf.dispose([weights, bias]);
  }
}

function optimizerState({ steps, moments }: NetworkState, lookback: number, ahead: number) {
  const shapes = [[lookback, ahead], [ahead], [lookback, ahead], [ahead]];
  const tensors = moments.map((moment, i) => tf.tensor(moment, shapes[i]));
  return [tf.scalar(steps, 'int32'), ...tensors].map((tensor, i) => ({ name: String(i), tensor }));
}

interface Layer {
  readonly weights: tf.Variable;
  readonly bias: tf.Variable;
}

/** One step down the gradient of the mean squared error; answers with that error. */
function step(adam: tf.AdamOptimizer, { weights, bias }: Layer, batch: Examples): number {
  return tf.tidy(() => {
    const { inputs, error } = errorOf(weights, bias, batch);
    // Of a layer without bends the gradient is short enough to write down.
    const downhill = tf.mul(error, 2 / error.size);
    adam.applyGradients([
      { name: weights.name, tensor: tf.matMul(inputs, downhill, true, false) },
      { name: bias.name, tensor: tf.sum(downhill, 0) },
    ]);
    return tf.mean(tf.square(error)).dataSync()[0] ?? NaN;
  });
}

function errorOf(weights: tf.Tensor, bias: tf.Tensor, { count, inputs, targets }: Examples) {
  const given = tf.tensor2d(inputs, [count, inputs.length / count]);
  const wanted = tf.tensor2d(targets, [count, targets.length / count]);
  return { inputs: given, error: tf.sub(tf.add(tf.matMul(given, weights as tf.Tensor2D), bias), wanted) };
}

/** The mean squared and absolute error of a network on some examples. */
export function errorsOf(
  { weights, bias }: NetworkState,
  batches: Iterable<Examples>,
): { mse: number; mae: number } {
  let [squares, sizes, n] = [0, 0, 0];
  for (const batch of batches) {
    const [mse, mae] = tf.tidy(() => {
      const layer = tf.tensor2d(weights, [weights.length / bias.length, bias.length]);
      const { error } = errorOf(layer, tf.tensor1d(bias), batch);
      return [tf.mean(tf.square(error)).dataSync()[0] ?? NaN, tf.mean(tf.abs(error)).dataSync()[0] ?? NaN];
    });
    squares += mse * batch.count;
    sizes += mae * batch.count;
    n += batch.count;
  }
  return { mse: squares / n, mae: sizes / n };
}
