import type { LearningParameters, NLinearParams, Settings } from '../artefact.ts';
import { textOfFloats } from '../floats.ts';
import { shapeOf } from '../models/nlinear.ts';
import type { Shape } from '../models/nlinear.ts';
import { UnusableData } from '../series.ts';
import { errorsOf, initialState, pass } from './pass.ts';
import type { NetworkState, Pass } from './pass.ts';
import { loadTensorFlow } from './tensorflow.ts';
import { examplesOf, shuffled, spread, windowsIn } from './windows.ts';
import type { Examples } from './windows.ts';

// A pass over more windows than this costs more than it teaches: their starts are neighbours.
const MOST_WINDOWS = 20_000;
const MOST_VALIDATED = 4_000;
const LEAST_WINDOWS = 16;
const VALIDATED_AT_ONCE = 256;
// Better by less than this is no better.
const LEAST_GAIN = 1e-3;
// So many times worse than the best pass is no noise any more.
const ABSURD = 100;

/** One point of the learning curve: mean squared errors in units of the data's standard deviation. */
export interface CurvePoint {
  readonly epoch: number;
  readonly loss: number;
  readonly validation: number;
}

/** All that learning needs to go on from after an interruption. */
export interface Memory {
  readonly state: NetworkState;
  readonly best: {
    readonly epoch: number;
    readonly validation: number;
    readonly weights: Float32Array;
    readonly bias: Float32Array;
  };
  readonly stop: 'patience' | 'diverged' | null;
}

/** Values, and where they are parted: learned from before `validation`, validated from there up to `end`. */
export interface Material {
  readonly values: Float64Array;
  readonly validation: number;
  readonly end: number;
}

export interface Course {
  readonly settings: Settings;
  readonly parameters: LearningParameters;
  /** Where to go on; null: from the beginning. */
  readonly from: Memory | null;
  /** Called before the first pass, with no point, and after each one, with all that there is to keep. */
  readonly keep: (memory: Memory, point: CurvePoint | null) => Promise<void>;
}

export interface Lesson {
  readonly params: NLinearParams;
  readonly figures: { readonly epochs: number; readonly bestEpoch: number; readonly validation: number };
}

/**
 * Learns until the validation has not become better for `patience` passes, or `epochs` are over; the best pass
 * counts. Rejects with the signal's reason when stopped, and with `UnusableData` where there is nothing to learn.
 */
export async function learnNLinear(material: Material, course: Course, signal: AbortSignal): Promise<Lesson> {
  await loadTensorFlow();
  const { parameters } = course;
  const task = taskOf(material, shapeOf(course.settings, parameters));
  let memory = course.from ?? beginning(task);
  if (course.from === null) await course.keep(memory, null);
  while (memory.stop === null && memory.state.pass < parameters.epochs) {
    const { state, loss } = await pass(memory.state, passOf(task, parameters, memory.state.pass), signal);
    const { mse: validation } = errorsOf(state, batchesOf(task, task.validated, VALIDATED_AT_ONCE));
    memory = judged(memory, { state, validation }, parameters.patience);
    await course.keep(memory, { epoch: state.pass, loss, validation });
  }
  if (memory.stop === 'diverged' && memory.best.epoch === 0)
    throw new UnusableData(
      `The network diverged in its first passes at parameters.learningRate ${parameters.learningRate}: try a tenth of it.`,
    );
  return { params: paramsOf(memory, task), figures: figuresOf(memory) };
}

/** What is learned from: windows of values by where they begin. */
interface Task extends Shape {
  readonly values: Float64Array;
  readonly learned: Int32Array;
  readonly validated: Int32Array;
  /** The unit of errors: the standard deviation of what is learned from. */
  readonly scale: number;
}

function taskOf({ values, validation, end }: Material, shape: Shape): Task {
  const length = shape.lookback + shape.ahead;
  const learned = windowsIn(values, length, 0, validation);
  // What goes in may have been learned from, what is to come out may not.
  const validated = windowsIn(values, length, Math.max(0, validation - shape.lookback), end);
  if (learned.length < LEAST_WINDOWS || validated.length === 0)
    throw new UnusableData(
      `A network that looks at ${shape.lookback} values and ahead at ${shape.ahead} needs at least ${LEAST_WINDOWS} stretches of ${length} values without a gap to learn from, and one to validate; there are ${learned.length} and ${validated.length}.`,
    );
  const scale = deviation(values.subarray(0, validation));
  return { ...shape, values, learned, validated: spread(validated, MOST_VALIDATED), scale };
}

/** The standard deviation of what is known; 1 where nothing ever changed. */
function deviation(values: Float64Array): number {
  const there = values.filter((value) => !Number.isNaN(value));
  const mean = there.reduce((sum, value) => sum + value / there.length, 0);
  return Math.sqrt(there.reduce((sum, value) => sum + (value - mean) ** 2 / there.length, 0)) || 1;
}

function beginning(task: Task): Memory {
  const state = initialState(task.lookback, task.ahead);
  const { mse } = errorsOf(state, batchesOf(task, task.validated, VALIDATED_AT_ONCE));
  const { weights, bias } = state;
  return { state, best: { epoch: 0, validation: mse, weights, bias }, stop: null };
}

function passOf(task: Task, parameters: LearningParameters, done: number): Pass {
  const order = shuffled(task.learned, parameters.seed, done).subarray(0, MOST_WINDOWS);
  return {
    learningRate: parameters.learningRate * parameters.decay ** done,
    batches: batchesOf(task, order, parameters.batch),
  };
}

function* batchesOf(task: Task, windows: Int32Array, size: number): Generator<Examples> {
  for (let at = 0; at < windows.length; at += size)
    yield examplesOf(task.values, windows.subarray(at, at + size), task);
}

/** Numbers that are none end the learning; what was learned before them counts. */
function judged(
  { state: before, best }: Memory,
  { state, validation }: { state: NetworkState; validation: number },
  patience: number,
): Memory {
  if (!(validation <= ABSURD * Math.max(best.validation, Number.EPSILON)))
    return { state: { ...before, pass: state.pass }, best, stop: 'diverged' };
  if (validation < best.validation * (1 - LEAST_GAIN)) {
    const { pass: epoch, weights, bias } = state;
    return { state, best: { epoch, validation, weights, bias }, stop: null };
  }
  return { state, best, stop: state.pass - best.epoch >= patience ? 'patience' : null };
}

/** The biases in units of the data: so the scale need not be known to predict. */
function paramsOf({ best }: Memory, { lookback, ahead, scale }: Task): NLinearParams {
  const all = new Float32Array((lookback + 1) * ahead);
  all.set(best.bias.map((bias) => bias * scale));
  all.set(best.weights, ahead);
  return { lookback, ahead, weights: textOfFloats(all) };
}

const figuresOf = ({ state, best }: Memory): Lesson['figures'] => ({
  epochs: state.pass,
  bestEpoch: best.epoch,
  validation: best.validation,
});
