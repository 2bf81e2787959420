import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExpressionFault } from '../../../gateway/calculated/compile.ts';
import type { Value } from '../../../gateway/calculated/compile.ts';
import { parseExpression } from '../../../gateway/calculated/expression.ts';
import { scopeOver } from '../../../gateway/calculated/inputs.ts';
import { GOOD, quality, reasonOf } from '../../../history/reading.ts';
import { NOON, aReading } from '../../support/readings.ts';

/** Tags by name, each with the value before 10 s earlier and 5 less. */
function evaluate(text: string, tags: Record<string, number | string | null> = {}) {
  const known = new Map(Object.entries(tags));
  const scope = scopeOver((name) => {
    const value = known.get(name);
    if (value === undefined) return undefined;
    const doubt = value === null ? { quality: quality('bad', 'out of range'), cleaned: null } : {};
    const last = aReading({ value, at: NOON, ...doubt });
    const before = typeof value === 'number' ? aReading({ value: value - 5, at: NOON - 10_000 }) : null;
    return { last, quality: last.quality, before };
  });
  const value: Value = parseExpression(text).evaluate(scope);
  return { value, worst: scope.worst(), unheard: scope.unheard() };
}
const faultOf = (text: string): string => {
  try {
    parseExpression(text);
  } catch (err) {
    if (err instanceof ExpressionFault) return err.message;
    throw err;
  }
  return 'accepted';
};

test.each([
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['2 ** 3 ** 2', 512],
  ['-7 % 4', -3],
  ['-(2 ** 2)', -4],
  ['1e3 / 4', 250],
  ['3 >= 3 && 2 < 1 || !0', 1],
  ['true + false', 1],
  ['2 > 1 ? 10 : 20', 10],
  ['if(1 == 2, 10, 20)', 20],
  ['"on" == "on"', 1],
  ['min(3, 1, 2) + max(1, 2) + avg(2, 4) + sum(1, 1)', 8],
  ['abs(-2) + sqrt(9) + ln(exp(1)) + log10(1000) + pow(-2, 2)', 13],
  ['round(2.345, 2) + floor(1.9) + ceil(1.1)', 5.35],
  ['clamp(130, 0, 100)', 100],
])('%s is %d', (text, value) => {
  expect(evaluate(text).value).toBeCloseTo(value, 10);
});

test('a tag is named in quotes, or by itself where its name is one word', () => {
  expect(evaluate('tag("Reactor pressure") - XMEAS_07', { 'Reactor pressure': 10, XMEAS_07: 4 }).value).toBe(
    6,
  );
  expect([...parseExpression('tag("A 1") + b + rate("c") + previous(d)').inputs]).toEqual([
    'A 1',
    'b',
    'c',
    'd',
  ]);
});

test('the value before and the rate a second are there to compute with', () => {
  expect(evaluate('previous(level)', { level: 30 }).value).toBe(25);
  expect(evaluate('rate("level") * 3600', { level: 30 }).value).toBe(1800);
});

test('what is not known makes all that is computed from it not known, comparisons too', () => {
  for (const text of [
    'broken + 1',
    'broken > 1',
    '!broken',
    'broken == 1',
    'if(broken, 1, 2)',
    'max(broken, 1)',
  ])
    expect(evaluate(text, { broken: null }).value).toBeNaN();
  expect(evaluate('"text" * 2').value).toBeNaN();
});

test('the quality is the worst of what was used, and of nothing else', () => {
  expect(evaluate('a + b', { a: 1, b: null })).toMatchObject({ worst: quality('bad', 'out of range') });
  expect(evaluate('a > 0 ? a : b', { a: 1, b: null })).toMatchObject({ value: 1, worst: GOOD });
  expect(evaluate('b ?? a', { a: 1, b: null })).toMatchObject({ value: 1, worst: GOOD });
  expect(reasonOf(evaluate('a', {}).worst)).toBe('no value');
  expect(evaluate('a ?? 5', {})).toMatchObject({ value: 5, unheard: false });
});

test.each([
  ['', 'empty'],
  ['1 +', 'Expected expression after +'],
  ['a b', 'operator is missing'],
  ['a = 2', 'Unexpected'],
  ['sine(1)', 'There is no function sine()'],
  ['sqrt(1, 2)', 'sqrt() takes 1 values, not 2'],
  ['tag(a)', 'in quotes'],
  ['-a ** 2', 'pow(-a, b)'],
  ['1e999', 'neither a number nor a text'],
  ['null', 'neither a number nor a text'],
  ['[1, 2]', 'ArrayExpression is not possible'],
  ['~1', 'The operator ~ is not known'],
  ['1 << 2', 'The operator << is not known'],
  ['x'.repeat(2001), 'at most 2000 characters'],
])('%s is refused with a reason', (text, reason) => {
  expect(faultOf(text)).toContain(reason);
});

test.each([
  'a.constructor',
  'a["__proto__"]',
  '"".constructor.constructor("return process")()',
  'this',
  'constructor()',
  '__proto__("x")',
  'toString()',
  'hasOwnProperty("a")',
  'valueOf()',
  '(1)(2)',
  'tag("a")("b")',
])('%s reaches nothing of the machine below', (text) => {
  expect(faultOf(text)).not.toBe('accepted');
});

test('a name such as constructor is a tag and nothing else', () => {
  expect(evaluate('constructor + __proto__')).toMatchObject({ value: NaN, unheard: true });
  expect(evaluate('constructor', { constructor: 3 }).value).toBe(3);
});

const piece = fc.constantFrom(
  ...[
    '(',
    ')',
    '"',
    "'",
    '+',
    '-',
    '**',
    '?',
    ':',
    '??',
    '.',
    ',',
    '[',
    ']',
    '!',
    '&&',
    ' ',
    '1',
    '.5',
    '1e9',
    ';',
  ],
  ...['a', 'tag(', 'if(', 'rate(', 'constructor', '__proto__', 'this', '`', '\\', '\n', '\0', '𝜋', 'new '],
);

test('any text is read, or refused with a sentence; and what is read can be evaluated', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((pieces) => pieces.join('')),
      ),
      (text) => {
        if (faultOf(text) !== 'accepted') return;
        expect(['number', 'string']).toContain(typeof evaluate(text, { a: 1 }).value);
      },
    ),
    { numRuns: 2000 },
  );
});

test('the deepest expression that is allowed is read', () => {
  expect(evaluate(`${'('.repeat(990)}1${')'.repeat(990)}`).value).toBe(1);
  expect(evaluate(`${'-'.repeat(1000)}1`).value).toBe(1);
});
