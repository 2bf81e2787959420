/** Numbers in, a number out. NaN is what is not known: whatever it is put into is not known either. */
interface Function {
  readonly least: number;
  readonly most: number;
  readonly apply: (...numbers: readonly number[]) => number;
}

const of = (count: number, apply: (...numbers: number[]) => number): Function => ({
  least: count,
  most: count,
  apply,
});
const any = (apply: (numbers: readonly number[]) => number): Function => ({
  least: 1,
  most: 100,
  apply: (...numbers) => apply(numbers),
});
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function round(value: number, digits: number): number {
  const factor = 10 ** Math.trunc(digits);
  return Math.round(value * factor) / factor;
}

/** A map, and not an object: a name such as `constructor` must find nothing. */
export const functions: ReadonlyMap<string, Function> = new Map([
  ['abs', of(1, Math.abs)],
  ['min', any((numbers) => Math.min(...numbers))],
  ['max', any((numbers) => Math.max(...numbers))],
  ['sum', any(sum)],
  ['avg', any((numbers) => sum(numbers) / numbers.length)],
  ['sqrt', of(1, Math.sqrt)],
  ['exp', of(1, Math.exp)],
  ['ln', of(1, Math.log)],
  ['log10', of(1, Math.log10)],
  ['pow', of(2, Math.pow)],
  ['floor', of(1, Math.floor)],
  ['ceil', of(1, Math.ceil)],
  ['round', { least: 1, most: 2, apply: (value = NaN, digits = 0) => round(value, digits) }],
  ['clamp', of(3, (value = NaN, low = NaN, high = NaN) => Math.min(Math.max(value, low), high))],
]);

const truth = (is: boolean): number => (is ? 1 : 0);

/** On two numbers. True is 1 and false 0. */
export const operators: ReadonlyMap<string, (left: number, right: number) => number> = new Map([
  ['+', (left, right) => left + right],
  ['-', (left, right) => left - right],
  ['*', (left, right) => left * right],
  ['/', (left, right) => left / right],
  ['%', (left, right) => left % right],
  ['**', (left, right) => left ** right],
  ['<', (left, right) => truth(left < right)],
  ['<=', (left, right) => truth(left <= right)],
  ['>', (left, right) => truth(left > right)],
  ['>=', (left, right) => truth(left >= right)],
]);
