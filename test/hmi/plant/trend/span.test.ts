import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pan, rangeOf, zoom } from '../../../../hmi/plant/trend/span.ts';

const HOUR = 3_600_000;
const now = 1_800_000_000_000;

test('a span that follows ends now, and shows at most a third more where there is a forecast', () => {
  const span = { kind: 'following', widthMs: HOUR } as const;
  expect(rangeOf(span, now, null)).toEqual({ from: now - HOUR, to: now });
  expect(rangeOf(span, now, now + 60_000)).toEqual({ from: now - HOUR, to: now + 60_000 });
  expect(rangeOf(span, now, now + 9 * HOUR).to).toBe(now + 0.3 * HOUR);
  expect(rangeOf(span, now, now - HOUR).to).toBe(now);
});

test('moving stops following and keeps the width', () => {
  expect(pan({ from: 0, to: 400 }, -0.25)).toEqual({ kind: 'fixed', from: -100, to: 300 });
});

test('zooming keeps the place under the pointer, and never goes below two seconds', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2000, max: 1e10 }),
      fc.double({ min: 0.1, max: 10, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (width, factor, anchor) => {
        const next = zoom({ from: now, to: now + width }, factor, anchor);
        if (next.kind !== 'fixed') throw new Error('It goes on following.');
        expect(next.to - next.from).toBeGreaterThanOrEqual(1999);
        expect(next.from + (next.to - next.from) * anchor).toBeCloseTo(now + width * anchor, -2);
      },
    ),
  );
});
