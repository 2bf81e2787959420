import type jsep from 'jsep';
import { functions, operators } from './functions.ts';

/** NaN: not known. */
export type Value = number | string;

/** What an expression sees of the plant while it is evaluated. */
export interface Scope {
  /** A tag's value; NaN where it has none that can be trusted. Notes its quality. */
  read(tag: string): Value;
  /** The value before that. */
  previous(tag: string): Value;
  /** Its change per second between its last two readings. */
  rate(tag: string): number;
  /** Evaluates, and forgets the quality of what was read where the answer is NaN. */
  attempt(work: () => Value): Value;
}
export type Evaluate = (scope: Scope) => Value;

export class ExpressionFault extends Error {
  override name = 'ExpressionFault';
}
export const bad = (message: string): ExpressionFault => new ExpressionFault(message);

const isUnknown = (value: Value): boolean => typeof value === 'number' && Number.isNaN(value);
const number = (value: Value): number => (typeof value === 'number' ? value : NaN);

/** Makes a function of a parsed tree: only what is named here can be done, whatever the tree holds. */
export function compile(node: jsep.Expression, inputs: Set<string>): Evaluate {
  const { type } = node as jsep.CoreExpression;
  const kind = kinds.get(type);
  if (kind !== undefined) return kind(node, inputs);
  if (type === 'Compound') throw bad(compoundFault(node as jsep.Compound));
  throw bad(`${type} is not possible here: an expression has numbers, texts, tags, operators and functions.`);
}

const compoundFault = ({ body }: jsep.Compound): string =>
  body.length === 0
    ? 'The expression is empty.'
    : 'There are several expressions; an operator is missing between them.';

type Compile = (node: jsep.Expression, inputs: Set<string>) => Evaluate;

function tag(name: string, inputs: Set<string>): Evaluate {
  inputs.add(name);
  return (scope) => scope.read(name);
}

function literal({ value }: jsep.Literal): Evaluate {
  if (typeof value === 'boolean') return () => (value ? 1 : 0);
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return () => value;
  throw bad(`${String(value)} is neither a number nor a text.`);
}

function unary(node: jsep.UnaryExpression, inputs: Set<string>): Evaluate {
  const argument = compile(node.argument, inputs);
  if (node.operator === '-') return (scope) => -number(argument(scope));
  if (node.operator === '+') return (scope) => number(argument(scope));
  if (node.operator !== '!') throw bad(`The operator ${node.operator} is not known.`);
  return (scope) => not(number(argument(scope)));
}
const not = (value: number): number => (Number.isNaN(value) ? NaN : value === 0 ? 1 : 0);

/** Which of two sides decides: `undefined` asks for the other one too. */
const logic: ReadonlyMap<string, (left: number) => boolean> = new Map([
  ['&&', (left) => left === 0],
  ['||', (left) => left !== 0],
]);
const truth = (value: Value): number => not(not(number(value)));

function binary(node: jsep.BinaryExpression, inputs: Set<string>): Evaluate {
  if (node.operator === '**' && node.left.type === 'UnaryExpression')
    throw bad('-a ** b can be read in two ways: write -(a ** b), or pow(-a, b).');
  const [left, right] = [compile(node.left, inputs), compile(node.right, inputs)];
  const operator = operators.get(node.operator);
  if (operator !== undefined) return (scope) => known(operator, number(left(scope)), number(right(scope)));
  const decides = logic.get(node.operator);
  if (decides !== undefined) {
    return (scope) => {
      const first = truth(left(scope));
      return Number.isNaN(first) || decides(first) ? first : truth(right(scope));
    };
  }
  if (node.operator === '??') {
    return (scope) => {
      const first = scope.attempt(() => left(scope));
      return isUnknown(first) ? right(scope) : first;
    };
  }
  return equality(node.operator, left, right);
}

/** Comparing with what is not known is not false, but not known. */
const known = (operator: (left: number, right: number) => number, left: number, right: number): number =>
  Number.isNaN(left) || Number.isNaN(right) ? NaN : operator(left, right);

function equality(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  if (!['==', '===', '!=', '!=='].includes(operator)) throw bad(`The operator ${operator} is not known.`);
  const equal = operator.startsWith('=');
  return (scope) => {
    const [one, other] = [left(scope), right(scope)];
    if (isUnknown(one) || isUnknown(other)) return NaN;
    return (one === other) === equal ? 1 : 0;
  };
}

function choice(parts: readonly jsep.Expression[], inputs: Set<string>): Evaluate {
  const [test, then, otherwise] = parts.map((part) => compile(part, inputs));
  if (test === undefined || then === undefined || otherwise === undefined || parts.length !== 3)
    throw bad('if() takes a condition, a value for true and a value for false.');
  return (scope) => {
    const is = truth(test(scope));
    if (Number.isNaN(is)) return NaN;
    return is === 1 ? then(scope) : otherwise(scope);
  };
}

/** tag("name"), and for previous() and rate() the name without tag() too. */
function tagNamed(parts: readonly jsep.Expression[], of: string): string {
  const [part] = parts as readonly jsep.CoreExpression[];
  if (parts.length === 1 && part !== undefined) {
    if (part.type === 'Literal' && typeof part.value === 'string') return part.value;
    if (part.type === 'Identifier' && of !== 'tag') return part.name;
    if (part.type === 'CallExpression' && of !== 'tag' && calleeOf(part) === 'tag')
      return tagNamed(part.arguments, 'tag');
  }
  throw bad(`${of}() takes the name of one tag, in quotes: ${of}("Reactor pressure").`);
}

function calleeOf({ callee }: jsep.CallExpression): string {
  const { type, name } = callee;
  if (type !== 'Identifier' || typeof name !== 'string')
    throw bad('Only a function with a name can be called.');
  return name;
}

function call(node: jsep.CallExpression, inputs: Set<string>): Evaluate {
  const name = calleeOf(node);
  const parts = node.arguments;
  if (name === 'if') return choice(parts, inputs);
  if (name === 'tag') return tag(tagNamed(parts, name), inputs);
  if (name === 'previous' || name === 'rate') {
    const of = tagNamed(parts, name);
    inputs.add(of);
    return (scope) => scope[name](of);
  }
  const known = functions.get(name);
  if (known === undefined)
    throw bad(
      `There is no function ${name}(). There are ${[...functions.keys()].join(', ')}, if, previous, rate, tag.`,
    );
  const { least, most, apply } = known;
  if (parts.length < least || parts.length > most)
    throw bad(
      `${name}() takes ${least === most ? least : `${least} to ${most}`} values, not ${parts.length}.`,
    );
  const values = parts.map((part) => compile(part, inputs));
  return (scope) => apply(...values.map((value) => number(value(scope))));
}

/** What the kinds of nodes mean. The casts are safe: a node's type says what it is. */
const kinds: ReadonlyMap<string, Compile> = new Map<string, Compile>([
  ['Literal', (node) => literal(node as jsep.Literal)],
  ['Identifier', (node, inputs) => tag((node as jsep.Identifier).name, inputs)],
  ['UnaryExpression', (node, inputs) => unary(node as jsep.UnaryExpression, inputs)],
  ['BinaryExpression', (node, inputs) => binary(node as jsep.BinaryExpression, inputs)],
  ['CallExpression', (node, inputs) => call(node as jsep.CallExpression, inputs)],
  [
    'ConditionalExpression',
    (node, inputs) => {
      const { test, consequent, alternate } = node as jsep.ConditionalExpression;
      return choice([test, consequent, alternate], inputs);
    },
  ],
]);
