import { CalculatedAddress } from '../calculated/config.ts';
import { parseExpression } from '../calculated/expression.ts';
import { inOrder } from '../calculated/order.ts';
import type { PlantModel, TagEntry } from './model.ts';

type Fault = (path: (string | number)[], message: string) => void;

/** Of calculated tags: that their inputs exist, that none is computed from itself, and what only a device can have. */
export function checkCalculated({ sources, tags }: PlantModel, fault: Fault): void {
  const calculated = new Set(
    sources.filter(({ protocol }) => protocol === 'calculated').map(({ name }) => name),
  );
  const names = new Set(tags.map(({ name }) => name));
  const needs = new Map<string, ReadonlySet<string>>();
  tags.forEach((tag, i) => {
    if (!calculated.has(tag.source)) return;
    checkOwn(tag, i, fault);
    const inputs = inputsOf(tag);
    needs.set(tag.name, inputs);
    for (const input of inputs) {
      if (!names.has(input)) fault(['tags', i, 'address', 'expression'], `no tag has the name '${input}'`);
    }
  });
  const sorted = inOrder(needs);
  if ('order' in sorted) return;
  const i = tags.findIndex(({ name }) => name === sorted.circle[0]);
  fault(
    ['tags', i, 'address', 'expression'],
    `is computed from itself: ${sorted.circle.join(' from ')}; break the circle`,
  );
}

function checkOwn(tag: TagEntry, i: number, fault: Fault): void {
  if (tag.scale !== undefined)
    fault(['tags', i, 'scale'], 'is for what a device reports; put the factor into the expression');
  if (tag.write !== undefined) fault(['tags', i, 'write'], 'a calculated tag cannot be written to');
}

/** None where the expression itself has a fault, which is reported at its place. */
function inputsOf({ address }: TagEntry): ReadonlySet<string> {
  const parsed = CalculatedAddress.safeParse(address);
  return parsed.success ? parseExpression(parsed.data.expression).inputs : new Set();
}
