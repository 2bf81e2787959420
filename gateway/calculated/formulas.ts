import type { TagId } from '../../history/reading.ts';
import type { Tag } from '../plant/tag.ts';
import type { Plant } from '../store/plant.ts';
import type { Evaluate } from './compile.ts';
import { CalculatedAddress, CalculatedConfig } from './config.ts';
import { parseExpression } from './expression.ts';
import { inOrder } from './order.ts';

/** A tag that is computed. */
export interface Formula {
  readonly tag: TagId;
  readonly source: number;
  readonly kind: Tag['kind'];
  /** It is computed at most so often. */
  readonly everyMs: number;
  readonly evaluate: Evaluate;
  /** By the names that its expression uses. */
  readonly inputs: ReadonlyMap<string, TagId>;
}

/** The calculated tags of a plant, each after those it is computed from. The model's import has checked them. */
export function planFormulas({ sources, tags }: Plant): Formula[] {
  const everyMsOf = new Map(
    sources
      .filter(({ protocol, enabled }) => protocol === 'calculated' && enabled)
      .map(({ id, config }) => [id, CalculatedConfig.parse(config).everyMs]),
  );
  const numbers = new Map(tags.map(({ id, name }) => [name, id]));
  const formulas = new Map<string, Formula>();
  const needs = new Map<string, ReadonlySet<string>>();
  for (const { id, name, kind, source, address } of tags) {
    const everyMs = everyMsOf.get(source);
    if (everyMs === undefined) continue;
    const { inputs, evaluate } = parseExpression(CalculatedAddress.parse(address).expression);
    needs.set(name, inputs);
    const found = [...inputs].flatMap((input) => {
      const number = numbers.get(input);
      return number === undefined ? [] : [[input, number] as const];
    });
    formulas.set(name, { tag: id, source, kind, everyMs, evaluate, inputs: new Map(found) });
  }
  const sorted = inOrder(needs);
  // A circle was refused at import; should one be here all the same, its tags are not computed.
  const names = 'order' in sorted ? sorted.order : [];
  return names.flatMap((name) => formulas.get(name) ?? []);
}
