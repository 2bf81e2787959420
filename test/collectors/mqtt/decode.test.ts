import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decoder } from '../../../collectors/mqtt/decode.ts';
import { follow, parsePath } from '../../../collectors/path.ts';
import { readPayload } from '../../../collectors/payload.ts';
import { parseTime } from '../../../collectors/time.ts';
import { aReport } from '../../support/collecting.ts';
import { aMessage, decoded, NOW } from '../../support/mqtt.ts';

test.each([
  ['12.5', 12.5],
  [' -3e2 ', -300],
  ['true', 1],
  ['"4.25"', 4.25],
  ['123456789012345678', '123456789012345678'],
])('the bare payload %s is the number %s', (payload, value) => {
  expect(decoded(payload)).toMatchObject({ value, status: 'good', faults: [] });
});

test.each(['20,5', '1;2;3', 'ON', '', '1e999', '9'.repeat(400), 'NaN', '"NaN"', '0x10', '{}', '[1]'])(
  'the payload %s is no number: the tag reads bad, and a fault says so',
  (payload) => {
    const { value, status, faults } = decoded(payload);
    expect([value, status]).toEqual([null, 'bad']);
    expect(faults.map(({ kind }) => kind)).toEqual(['not a number']);
    expect(faults[0]!.what).toContain('a/b');
  },
);

test('names of the language itself in a message lead nowhere and spoil nothing', () => {
  const payload = '{"__proto__":{"v":5,"polluted":1},"constructor":{"prototype":{"polluted":1}},"v":1}';
  expect(decoded(payload, { value: '$.v' }).value).toBe(1);
  expect(decoded(payload, { value: "$['__proto__'].v" }).value).toBe(5);
  for (const value of ['$.toString', '$.constructor.name', "$['__proto__'].__proto__"])
    expect(decoded('{"v":1}', { value }).readings).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('a device that says null has no value, and that is no fault', () => {
  expect(decoded('null')).toMatchObject({ value: null, status: 'bad', faults: [] });
});

test('a text tag takes bare text', () => {
  expect(decoded('running', {}, 'text')).toMatchObject({ value: 'running', status: 'good' });
});

test('a book is no value of a text tag', () => {
  expect(decoded('x'.repeat(2000), {}, 'text').faults[0]).toMatchObject({ kind: 'not a number' });
});

test.each([
  ['not UTF-8', Buffer.of(0xff, 0xfe, 0x31)],
  ['a million brackets', '['.repeat(1_000_000)],
  ['thirty-three levels, well closed', '['.repeat(33) + ']'.repeat(33)],
  ['a broken object', '{"v":1,}'],
])('%s is malformed, and the message names the topic and how it begins', (_, payload) => {
  const { readings, faults } = decoded(payload);
  expect(readings).toEqual([]);
  expect(faults[0]).toMatchObject({ kind: 'malformed' });
  expect(faults[0]!.what).toContain('a/b');
  expect(faults[0]!.what.length).toBeLessThan(400);
});

test('brackets within a text do not count as depth', () => {
  expect(decoded(JSON.stringify({ v: 5, text: '['.repeat(100) + '\\"' }), { value: '$.v' }).value).toBe(5);
});

test.each([
  ['2026-03-01T11:00:00Z', -3_600_000],
  ['2026-03-01T11:00:00.000250Z', -3_600_000 + 0.25],
  ['2026-03-01T12:00:00+01:00', -3_600_000],
  [1_772_362_800, -3_600_000],
  [1_772_362_800_000, -3_600_000],
])('the time %s is understood', (time, offset) => {
  expect(parseTime(time)! - NOW).toBeCloseTo(offset, 3);
});

test.each([
  '2026-03-01T11:00:00',
  '01.03.2026',
  '2026-13-01T00:00:00Z',
  '',
  null,
  1e300,
  978_000,
  '2026-03-01T13:30:00Z',
])('a reading with the time %s is not stored, and a fault says so', (t) => {
  const { readings, faults } = decoded(JSON.stringify({ v: 1, t }), { value: '$.v', time: '$.t' });
  expect(readings).toEqual([]);
  expect(faults[0]).toMatchObject({ kind: 'timestamp' });
});

test('a topic that no tag takes is counted', () => {
  const { report, faults } = aReport();
  expect(decoder([], {}, report).decode(aMessage('x/\u0007y', '1'))).toEqual([]);
  expect(faults[0]).toMatchObject({ kind: 'unknown topic' });
  expect(faults[0]!.what).not.toContain('\u0007');
});

test('no payload makes the decoder throw or yields a reading that is not plain', () => {
  const payload = fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
  );
  const path = fc.constantFrom('$', '$.a', "$['__proto__']", '$[0].constructor', '$.length');
  fc.assert(
    fc.property(payload, path, fc.constantFrom('number' as const, 'text' as const), (bytes, value, kind) => {
      for (const reading of decoded(bytes, { value }, kind).readings) {
        expect(reading.at).toBe(NOW);
        const plain =
          typeof reading.value === 'string' || reading.value === null || Number.isFinite(reading.value);
        expect(plain).toBe(true);
        expect(reading.status).toBe(reading.value === null ? 'bad' : 'good');
      }
    }),
  );
});

test('any JSON document is read as JSON.parse reads it, but for integers beyond 2^53', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 10 }), (document) => {
      const expected: unknown = JSON.parse(JSON.stringify(document), (_, value: unknown) =>
        typeof value === 'number' &&
        Number.isInteger(value) &&
        !Number.isSafeInteger(value) &&
        Math.abs(value) < 1e21
          ? String(value)
          : value,
      );
      const read = readPayload(Buffer.from(JSON.stringify(document)));
      expect(read).toEqual({ kind: 'document', document: expected });
    }),
  );
});

test('each path that is written is the path that is followed', () => {
  const steps = fc.array(fc.oneof(fc.nat(3), fc.string({ maxLength: 6 })), { maxLength: 5 });
  fc.assert(
    fc.property(steps, fc.integer(), (path, value) => {
      const text = path.reduce<string>(
        (so, step) => so + (typeof step === 'number' ? `[${step}]` : `['${step.replace(/['\\]/g, '\\$&')}']`),
        '$',
      );
      expect(parsePath(text)).toEqual(path);
      const document = path.reduceRight<unknown>((inner, step) => {
        if (typeof step !== 'number')
          return Object.defineProperty({}, step, { value: inner, enumerable: true });
        const list: unknown[] = [];
        list[step] = inner;
        return list;
      }, value);
      expect(follow(document, path)).toBe(value);
    }),
  );
});

test.each(['a', '$.', '$..a', '$[*]', "$['a", '$[-1]', '$.a b'])('%s is no path', (text) => {
  expect(parsePath(text)).toBeUndefined();
});
