import type { TagId } from '../../history/reading.ts';
import type { Tag } from '../plant/tag.ts';
import type { Plant } from '../store/plant.ts';
import type { Evaluate } from './compile.ts';
import { CalculatedAddress, CalculatedConfig } from './config.ts';
import { parseExpression } from './expression.ts';
import { inOrder } from './order.ts';

/** A tag that is computed, and when it is next. */
export interface Formula {
  readonly tag: TagId;
  readonly source: number;
  readonly kind: Tag['kind'];
  readonly evaluate: Evaluate;
  /** By the names that its expression uses. */
  readonly inputs: ReadonlyMap<string, TagId>;
  /** An input had a reading of this time. */
  trigger(at: number): void;
  /** The time of the result if it is to be computed now, else null. Times only go forward, whatever devices say. */
  due(now: number): number | null;
}

/** Between two results that one millisecond brings: what the store can tell apart. */
const MICROSECOND = 0.001;

function schedule(everyMs: number): Pick<Formula, 'trigger' | 'due'> {
  let triggeredAt: number | null = null;
  let computedAt = -Infinity;
  let lastAt = -Infinity;
  return {
    trigger(at) {
      triggeredAt = Math.max(triggeredAt ?? -Infinity, at);
    },
    due(now) {
      if (triggeredAt === null || now - computedAt < everyMs) return null;
      const at = Math.min(triggeredAt, now);
      lastAt = at > lastAt ? at : Math.max(now, lastAt + MICROSECOND);
      [triggeredAt, computedAt] = [null, now];
      return lastAt;
    },
  };
}

/** The calculated tags of a plant, each after those it is computed from. The model's import has checked them. */
export function planFormulas({ sources, tags }: Plant): Formula[] {
  const everyMs = new Map(
    sources
      .filter(({ protocol, enabled }) => protocol === 'calculated' && enabled)
      .map(({ id, config }) => [id, CalculatedConfig.parse(config).everyMs]),
  );
  const numbers = new Map(tags.map(({ id, name }) => [name, id]));
  const formulas = new Map<string, Formula>();
  const needs = new Map<string, ReadonlySet<string>>();
  for (const { id, name, kind, source, address } of tags) {
    const every = everyMs.get(source);
    if (every === undefined) continue;
    const { inputs, evaluate } = parseExpression(CalculatedAddress.parse(address).expression);
    needs.set(name, inputs);
    const found = [...inputs].flatMap((input) => {
      const number = numbers.get(input);
      return number === undefined ? [] : [[input, number] as const];
    });
    formulas.set(name, { tag: id, source, kind, evaluate, inputs: new Map(found), ...schedule(every) });
  }
  const sorted = inOrder(needs);
  // A circle was refused at import; should one be here all the same, its tags are not computed.
  const names = 'order' in sorted ? sorted.order : [];
  return names.flatMap((name) => formulas.get(name) ?? []);
}
