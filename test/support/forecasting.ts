import { randomUUID } from 'node:crypto';
import type { Artefact, JobOrder, Settings } from '../../forecasting/artefact.ts';
import { dataHashOf } from '../../forecasting/job/hash.ts';
import type { Series } from '../../forecasting/series.ts';
import { train } from '../../forecasting/train.ts';

/** Uniform numbers in [0, 1) that a seed repeats (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export interface Shape {
  length: number;
  season: number;
  level: number;
  amplitude: number;
  /** Change a step. */
  slope: number;
  /** Standard deviation of the white noise. */
  noise: number;
  seed: number;
}

/** Level + slope + a sine of the season + white noise. */
export function seasonalValues(shape: Partial<Shape> = {}): Float64Array {
  const { length, season, level, amplitude, slope, noise, seed } = {
    ...{ length: 240, season: 24, level: 100, amplitude: 10, slope: 0, noise: 1, seed: 1 },
    ...shape,
  };
  const random = seeded(seed);
  return Float64Array.from(
    { length },
    (_, i) => level + slope * i + amplitude * Math.sin((2 * Math.PI * i) / season) + noise * normal(random),
  );
}

export const aSeries = (values: Float64Array, stepMs = 60_000, start = 1_700_000_040_000): Series => ({
  start,
  stepMs,
  values,
});

export const someSettings = (settings: Partial<Settings> = {}): Settings => ({
  stepMs: 60_000,
  season: 24,
  horizon: 12,
  ...settings,
});

export const anOrder = (order: Partial<JobOrder> = {}): JobOrder => ({
  id: randomUUID(),
  kind: 'mstl',
  settings: someSettings(),
  tag: { name: 'Reactor.Pressure' },
  ...order,
});

/** A model trained on `series`, for real. */
export const aModel = (order: Partial<JobOrder> = {}, series = aSeries(seasonalValues())): Artefact =>
  train(anOrder(order), series, dataHashOf(series));
