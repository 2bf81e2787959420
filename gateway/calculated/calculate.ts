import { quality, statusOf } from '../../history/reading.ts';
import type { Quality, Reading, TagId } from '../../history/reading.ts';
import type { Plant } from '../store/plant.ts';
import type { Value } from './compile.ts';
import { planFormulas } from './formulas.ts';
import type { Formula } from './formulas.ts';
import { scopeOver } from './inputs.ts';
import type { Input } from './inputs.ts';

/** Computes tags from others, in the walk: what it answers is judged, stored and shown like what a device says. */
export interface Calculator {
  /** What follows from these readings, in an order in which each comes after what it is computed from. */
  take(live: readonly Reading[], now: number): readonly Reading[];
  /** Tags that went silent, or live again without a new value: their quality alone is news. */
  doubt(shown: readonly Reading[], now: number): readonly Reading[];
  /** What was put off because it was computed a moment ago. */
  tick(now: number): readonly Reading[];
  /** Goes on with another model; what is known of inputs stays. */
  replant(plant: Plant): void;
}

/** `mark` cleans what was computed as it cleans what was read: range, stuck, spike, clamp. */
export function calculating(mark: (readings: readonly Reading[]) => readonly Reading[]): Calculator {
  const inputs = new Map<TagId, Input>();
  let formulas: readonly Formula[] = [];
  let wanted: ReadonlyMap<TagId, readonly Formula[]> = new Map();

  const hear = (reading: Reading): void => {
    const waiting = wanted.get(reading.tag);
    if (waiting === undefined) return;
    const before = inputs.get(reading.tag);
    inputs.set(reading.tag, { last: reading, quality: reading.quality, before: before?.last ?? null });
    for (const formula of waiting) formula.trigger(reading.at);
  };
  const compute = (now: number): readonly Reading[] =>
    formulas.flatMap((formula) => {
      const at = formula.due(now);
      const result = at === null ? null : evaluate(formula, inputs, at);
      if (result === null) return [];
      const marked = mark([result]);
      marked.forEach(hear);
      return marked;
    });

  return {
    take(live, now) {
      if (formulas.length === 0) return [];
      live.forEach(hear);
      return compute(now);
    },
    doubt(shown, now) {
      for (const { tag, quality: newQuality } of shown) {
        const input = inputs.get(tag);
        if (input === undefined) continue;
        inputs.set(tag, { ...input, quality: newQuality });
        for (const formula of wanted.get(tag) ?? []) formula.trigger(now);
      }
      return compute(now);
    },
    tick: compute,
    replant(plant) {
      formulas = planFormulas(plant);
      const tags = new Set(formulas.flatMap((formula) => [...formula.inputs.values()]));
      wanted = new Map(
        [...tags].map((tag) => [
          tag,
          formulas.filter((formula) => [...formula.inputs.values()].includes(tag)),
        ]),
      );
    },
  };
}

const NOT_A_NUMBER = quality('bad', 'not a number');

/** Null while nothing can be said because an input was never heard. */
function evaluate(formula: Formula, inputs: ReadonlyMap<TagId, Input>, at: number): Reading | null {
  const { tag, kind } = formula;
  const scope = scopeOver((name) => inputs.get(formula.inputs.get(name) ?? (-1 as TagId)));
  const value = formula.evaluate(scope);
  const worst = scope.worst();
  if (kind === 'text' && isKnown(value))
    return { tag, at, value: String(value), quality: worst, cleaned: null };
  if (typeof value === 'number' && Number.isFinite(value))
    return { tag, at, value, quality: worst, cleaned: statusOf(worst) === 'bad' ? null : value };
  if (scope.unheard()) return null;
  return { tag, at, value: null, quality: worse(worst, NOT_A_NUMBER), cleaned: null };
}

const isKnown = (value: Value): boolean => typeof value === 'string' || !Number.isNaN(value);

/** A bad input says more than that its result is none. */
const worse = (worst: Quality, none: Quality): Quality => (statusOf(worst) === 'bad' ? worst : none);
