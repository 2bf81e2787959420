import { expect, test } from 'vitest';
import { lookOf as look } from '../../hmi/quality.ts';
import type { Latest } from '../../hmi/live.ts';
import { reasonText } from '../../hmi/plant/reason.ts';
import { quality } from '../../history/reading.ts';

const at = 1_000_000;
const good = { at, value: 1, quality: 0 };
const moment = { expectedMs: 1000 as number | null, nowMs: at, isLinked: true };
const lookOf = (latest: Latest | undefined, { expectedMs, nowMs, isLinked }: typeof moment) =>
  look(latest, expectedMs, nowMs, isLinked);

test('a value looks live until it is older than three seconds, however often it is expected', () => {
  expect(lookOf(good, { ...moment, nowMs: at + 3000 })).toBe('good');
  expect(lookOf(good, { ...moment, nowMs: at + 3001 })).toBe('stale');
});

test('a seldom value may be twice its interval old', () => {
  expect(lookOf(good, { ...moment, expectedMs: 60_000, nowMs: at + 120_000 })).toBe('good');
  expect(lookOf(good, { ...moment, expectedMs: 60_000, nowMs: at + 120_001 })).toBe('stale');
});

test('a value reported by exception does not age by itself', () => {
  expect(lookOf(good, { ...moment, expectedMs: null, nowMs: at + 86_400_000 })).toBe('good');
});

test('nothing looks live without contact to the server', () => {
  expect(lookOf(good, { ...moment, isLinked: false })).toBe('stale');
  expect(lookOf({ ...good, quality: 256 }, { ...moment, expectedMs: null, isLinked: false })).toBe('stale');
});

test('what the source doubts is shown as doubted, and what is bad stays bad when old', () => {
  expect(lookOf({ ...good, quality: 256 + 5 }, moment)).toBe('uncertain');
  expect(lookOf({ ...good, quality: 512 + 4 }, { ...moment, nowMs: at + 60_000 })).toBe('bad');
});

test('a tag that never had a value says so', () => {
  expect(lookOf(undefined, moment)).toBe('missing');
});

test('each reason for a doubt has its words', () => {
  for (const reason of [
    'no value',
    'stale',
    'not connected',
    'refused by the device',
    'clamped',
    'clock not set',
  ] as const)
    expect(reasonText(quality('uncertain', reason))).not.toBeNull();
  expect(reasonText(quality('uncertain', 'clamped'))).toBe('held at its limit');
});
