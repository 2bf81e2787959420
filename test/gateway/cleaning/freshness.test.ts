import { expect, test } from 'vitest';
import { freshness } from '../../../gateway/cleaning/freshness.ts';
import { quality } from '../../../history/reading.ts';
import { NOON, TAG, aReading, aTag } from '../../support/readings.ts';

const STALE = quality('uncertain', 'stale');
const polled = () => freshness(new Map([[TAG, aTag()]]), () => undefined);
const byException = () => freshness(new Map([[TAG, aTag()]]), () => 1000);

test('a tag is stale when it has been silent for twice its interval, and is told so once', () => {
  const life = polled();
  life.live(1, [aReading()], NOON);
  expect(life.silent(NOON + 3000)).toEqual([]);
  expect(life.silent(NOON + 3001)).toEqual([
    {
      marker: { tag: TAG, at: NOON + 3001, value: null, quality: STALE, cleaned: null },
      shown: { ...aReading(), quality: STALE, cleaned: null },
    },
  ]);
  expect(life.silent(NOON + 4000)).toEqual([]);
});

test('a tag that comes back can go stale again', () => {
  const life = polled();
  life.live(1, [aReading()], NOON);
  life.silent(NOON + 10_000);
  life.live(1, [aReading({ at: NOON + 11_000 })], NOON + 11_000);
  expect(life.fresh(TAG, NOON + 11_000)).toBe(true);
  expect(life.silent(NOON + 20_000)).toHaveLength(1);
});

test('a tag that reports by exception lives on its link’s sign of life', () => {
  const life = byException();
  life.live(1, [aReading()], NOON);
  life.contact(1, NOON + 60_000);
  expect(life.silent(NOON + 61_000)).toEqual([]);
  expect(life.silent(NOON + 63_001)).toHaveLength(1);
});

test('of one source some tags may be reported by exception and others not', () => {
  const other = TAG + 1;
  const tags = new Map([
    [TAG, aTag()],
    [other as typeof TAG, aTag({ id: other as typeof TAG })],
  ]);
  const life = freshness(tags, ({ id }) => (id === TAG ? 1000 : undefined));
  life.live(1, [aReading(), aReading({ tag: other as typeof TAG })], NOON);
  life.contact(1, NOON + 60_000);
  expect(life.silent(NOON + 61_000).map(({ marker }) => marker.tag)).toEqual([other]);
});

test('a polled tag does not live on its neighbours', () => {
  const life = polled();
  life.live(1, [aReading()], NOON);
  life.contact(1, NOON + 60_000);
  expect(life.fresh(TAG, NOON + 60_000)).toBe(false);
});

test('history, repeats and readings out of order are not live', () => {
  const life = polled();
  expect(life.live(1, [aReading({ at: NOON - 3_600_000 })], NOON)).toEqual([]);
  expect(life.live(1, [aReading()], NOON)).toHaveLength(1);
  expect(life.live(1, [aReading(), aReading({ at: NOON - 1 })], NOON + 1000)).toEqual([]);
});

test('a device whose clock was ahead and is set right is heard at once', () => {
  const life = polled();
  life.live(1, [aReading({ at: NOON + 1_800_000 })], NOON);
  expect(life.live(1, [aReading({ at: NOON + 1000 })], NOON + 1000)).toHaveLength(1);
  expect(life.live(1, [aReading({ at: NOON + 500 })], NOON + 1000)).toEqual([]);
});

test('what is reported by exception is live though it changed long ago', () => {
  const hoursAgo = aReading({ at: NOON - 7_200_000 });
  expect(byException().live(1, [hoursAgo], NOON)).toEqual([hoursAgo]);
});

test('a tag that reports by exception and did not change meanwhile is good again with its link, once', () => {
  const life = byException();
  life.live(1, [aReading()], NOON);
  expect(life.silent(NOON + 10_000)).toHaveLength(1);
  expect(life.revived(NOON + 10_000)).toEqual([]);
  life.live(1, [aReading()], NOON + 20_000);
  expect(life.revived(NOON + 20_000)).toEqual([aReading()]);
  expect(life.revived(NOON + 20_000)).toEqual([]);
  expect(life.silent(NOON + 30_000)).toHaveLength(1);
});

test('a tag that has never reported is not called stale', () => {
  expect(polled().silent(NOON)).toEqual([]);
});

const HOUR_MS = 3_600_000;

test.for([HOUR_MS, -HOUR_MS, -30_000])(
  'a clock that is set by %d ms makes no tag stale, and keeps none alive that is silent',
  (byMs) => {
    const life = polled();
    life.live(1, [aReading()], NOON);
    life.shift(byMs);
    expect(life.silent(NOON + byMs + 1_000)).toEqual([]);
    expect(life.live(1, [aReading({ at: NOON + byMs + 1_500 })], NOON + byMs + 1_500)).toHaveLength(1);
    expect(life.silent(NOON + byMs + 4_500)).toEqual([]);
    expect(life.silent(NOON + byMs + 4_501)).toHaveLength(1);
  },
);

test('a link that is heard lives on through a clock that is set back', () => {
  const life = byException();
  life.live(1, [aReading()], NOON);
  life.contact(1, NOON + 60_000);
  life.shift(-HOUR_MS);
  expect(life.silent(NOON - HOUR_MS + 63_000)).toEqual([]);
  expect(life.silent(NOON - HOUR_MS + 63_001)).toHaveLength(1);
});
