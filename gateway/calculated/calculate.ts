import { quality, statusOf } from '../../history/reading.ts';
import type { Quality, Reading, TagId } from '../../history/reading.ts';
import type { Stage } from '../cleaning/stage.ts';
import type { Plant } from '../store/plant.ts';
import type { Value } from './compile.ts';
import { planFormulas } from './formulas.ts';
import type { Formula } from './formulas.ts';
import { scopeOver } from './inputs.ts';
import type { Input } from './inputs.ts';
import { schedule } from './schedule.ts';

/** Computes tags from others, in the walk: what it answers is judged, stored and shown like what a device says. */
export interface Calculator {
  /** What follows from these readings, in an order in which each comes after what it is computed from. */
  take(live: readonly Reading[], now: number): readonly Reading[];
  /**
   * Called with the clock: tags that went silent, or live again without a new value, whose quality alone is news. Also
   * answers what was put off because it was computed a moment ago.
   */
  tick(shown: readonly Reading[], now: number): readonly Reading[];
  /** This machine's clock was set by so much. */
  shift(byMs: number): void;
  /** The sources that have no device: they live as long as the gateway. */
  readonly sources: ReadonlySet<number>;
  sourceOf(tag: TagId): number;
  /** Goes on with another model; what is known of inputs stays, and when each tag is next. */
  replant(plant: Plant): void;
}

/**
 * `mark` cleans what was computed as it cleans what was read: range, stuck, spike, clamp. `heard` is told of each sign
 * of life of a source without device.
 */
export function calculating(mark: Stage, heard: (source: number, readings: number) => void): Calculator {
  const inputs = new Map<TagId, Input>();
  const times = schedule();
  let planned = plan([]);

  const hear = (reading: Reading): void => {
    const waiting = planned.wanted.get(reading.tag);
    if (waiting === undefined) return;
    const before = inputs.get(reading.tag);
    inputs.set(reading.tag, { last: reading, quality: reading.quality, before: before?.last ?? null });
    for (const { tag } of waiting) times.trigger(tag, reading.at);
  };
  const compute = (now: number): readonly Reading[] => {
    if (times.idle) return [];
    return planned.formulas.flatMap((formula) => {
      const at = times.due(formula.tag, formula.everyMs, now);
      const result = at === null ? null : evaluate(formula, inputs, at);
      if (result === null) return [];
      const marked = mark([result]);
      marked.forEach(hear);
      heard(formula.source, marked.length);
      return marked;
    });
  };

  return {
    take(live, now) {
      live.forEach(hear);
      return compute(now);
    },
    tick(shown, now) {
      for (const source of planned.sources) heard(source, 0);
      for (const { tag, quality: newQuality } of shown) {
        const input = inputs.get(tag);
        if (input === undefined) continue;
        inputs.set(tag, { ...input, quality: newQuality });
        for (const formula of planned.wanted.get(tag) ?? []) times.trigger(formula.tag, now);
      }
      return compute(now);
    },
    shift: (byMs) => times.shift(byMs),
    get sources() {
      return planned.sources;
    },
    sourceOf: (tag) => planned.sourceOf.get(tag) ?? -1,
    replant(plant) {
      planned = plan(planFormulas(plant));
      times.keep(planned.sourceOf);
    },
  };
}

/** Formulas, and how they are found. */
function plan(formulas: readonly Formula[]) {
  const sourceOf: ReadonlyMap<TagId, number> = new Map(formulas.map(({ tag, source }) => [tag, source]));
  return { formulas, sourceOf, sources: new Set(sourceOf.values()), wanted: byInput(formulas) };
}

function byInput(formulas: readonly Formula[]): ReadonlyMap<TagId, readonly Formula[]> {
  const wanted = new Map<TagId, Formula[]>();
  for (const formula of formulas) {
    for (const input of new Set(formula.inputs.values()))
      wanted.set(input, [...(wanted.get(input) ?? []), formula]);
  }
  return wanted;
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
