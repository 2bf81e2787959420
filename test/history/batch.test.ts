import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BadBatch, decodeBatch, encodeBatch, LARGEST_BATCH } from '../../history/batch.ts';
import { ByteWriter } from '../../history/bytes.ts';
import type { Quality, Reading } from '../../history/reading.ts';
import { anyReading, polled } from '../support/history.ts';
import { aReading, NOON } from '../support/readings.ts';

const sentAndBack = (readings: readonly Reading[]) => decodeBatch(encodeBatch(readings));

test('a batch comes back in its order, with every bit of every value', () => {
  fc.assert(
    fc.property(fc.array(anyReading(), { maxLength: 60 }), (readings) => {
      expect(sentAndBack(readings)).toStrictEqual(readings);
    }),
  );
});

test('any column of numbers comes back with every bit', () => {
  const columns = fc.oneof(
    fc.array(fc.double(), { maxLength: 50 }),
    fc.array(fc.maxSafeInteger(), { maxLength: 50 }),
    fc.array(fc.constantFrom(0, -0, 0.1, 1 / 3, Infinity), { maxLength: 50 }),
    fc.array(
      fc.integer().map((count) => count / 1000),
      { maxLength: 50 },
    ),
  );
  fc.assert(
    fc.property(columns, (values) => {
      const readings = values.map((value, i) => aReading({ value, at: NOON + i }));
      expect(sentAndBack(readings).map(({ value }) => value)).toStrictEqual(values);
    }),
  );
});

test('microseconds survive, finer fractions are rounded to them', () => {
  const times = [NOON + 0.001, NOON + 0.999, NOON + 1, NOON + 12.3454];
  const back = sentAndBack(times.map((at) => aReading({ at }))).map(({ at }) => at);
  expect(back).toStrictEqual([NOON + 0.001, NOON + 0.999, NOON + 1, NOON + 12.345]);
});

test('an empty batch is a batch', () => expect(sentAndBack([])).toStrictEqual([]));

test('a batch of thousands comes back too, each column of another form', () => {
  const doubles = polled({ tags: 400, cycles: 3 }).map((each): Reading => {
    const value = each.tag % 2 === 0 ? 1 / each.tag : Math.sin(each.at * each.tag);
    return { ...each, value, cleaned: value };
  });
  expect(sentAndBack(doubles)).toStrictEqual(doubles);
});

test('readings of a steady plant take less than two bytes each', () => {
  const readings = polled({ tags: 50, cycles: 60 });
  expect(encodeBatch(readings).length).toBeLessThan(2 * readings.length);
});

test('a backlog of one tag and tags with clocks of their own take few bytes too', () => {
  const backlog = polled({ tags: 1, cycles: 5000 });
  const ownClocks = polled({ tags: 50, cycles: 60 }).map((each) => ({
    ...each,
    at: each.at + each.tag * 1.5,
  }));
  for (const readings of [backlog, ownClocks]) {
    expect(sentAndBack(readings)).toStrictEqual(readings);
    expect(encodeBatch(readings).length).toBeLessThan(2 * readings.length);
  }
});

test.each([
  ['a time that is not finite', { at: NaN }],
  ['a tag that is not a number of one', { tag: 1.5 as Reading['tag'] }],
  ['a quality that is not one', { quality: -1 as Quality }],
])('%s is refused with the place of the reading', (_, over) => {
  expect(() => encodeBatch([aReading(), aReading(over)])).toThrow(/Reading 1 of a batch has/);
});

test('damaged bytes are refused, whatever the damage', () => {
  const whole = encodeBatch(polled({ tags: 5, cycles: 5 }));
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = Uint8Array.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      try {
        decodeBatch(damaged);
      } catch (err) {
        expect(err).toBeInstanceOf(BadBatch);
      }
      expect(() => decodeBatch(whole.subarray(0, at))).toThrow(BadBatch);
    }),
  );
});

test('a few bytes that claim endless readings are refused', () => {
  const body = new ByteWriter();
  const oneTag = () => {
    body.unsigned(1);
    body.signed(7);
  };
  oneTag();
  body.unsigned(1); // one shape
  body.unsigned(LARGEST_BATCH + 1); // of so many tags
  const packed = deflateRawSync(body.written);
  expect(() => decodeBatch(Uint8Array.from([1, ...packed]))).toThrow(BadBatch);
  expect(() => decodeBatch(Uint8Array.from([1, ...deflateRawSync(Buffer.alloc(70_000_000))]))).toThrow(
    BadBatch,
  );
});
