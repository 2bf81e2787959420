import { expect, onTestFinished, test, vi } from 'vitest';
import { createJudge } from '../../gateway/alarms/judge.ts';
import type { AlarmChange } from '../../gateway/alarms/change.ts';
import { calculating } from '../../gateway/calculated/calculate.ts';
import { cleaning, marking } from '../../gateway/cleaning/clean.ts';
import { freshness } from '../../gateway/cleaning/freshness.ts';
import { thinning } from '../../gateway/cleaning/thin/thin.ts';
import { ingest } from '../../gateway/ingest.ts';
import type { Tag } from '../../gateway/plant/tag.ts';
import { GOOD, reasonOf } from '../../history/reading.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import { TAG, aRaw, aRule, aTag } from '../support/readings.ts';

/** A promise that the test settles. */
function aWait() {
  let release: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (release = resolve));
  return { until: () => over, release };
}

/** The real walk, ending in two lists. `until` keeps `save` from settling. */
function aWalk(
  until: (readings: readonly Reading[]) => Promise<void> = () => Promise.resolve(),
  contactMs?: number,
  over: Partial<Tag> = {},
) {
  const tags = new Map([[TAG, aTag(over)]]);
  const held: Reading[] = [];
  const calculate = calculating(marking(tags), () => undefined);
  const saved: { readings: readonly Reading[]; changes: readonly AlarmChange[] }[] = [];
  const published: Reading[] = [];
  /** By how much the machine's clock was set before each look at it. */
  const clock = { set: [] as number[] };
  const walk = ingest({
    clean: cleaning(tags),
    freshness: freshness(tags, () => contactMs),
    calculate,
    judge: createJudge([aRule()], [], () => 'alarm-1'),
    thin: thinning(tags),
    hold: (readings) => Promise.resolve(void held.push(...readings)),
    async save(readings, changes) {
      await until(readings);
      saved.push({ readings, changes });
    },
    publish: (readings) => published.push(...readings),
    stepped: () => clock.set.shift() ?? 0,
  });
  return { walk, saved, published, held, calculate, tags, clock };
}

test('a reading over its limit is saved together with its alarm, then published', async () => {
  const { walk, saved, published } = aWalk();
  await walk.emit(1)([aRaw({ at: Date.now(), value: 90 })]);
  expect(saved).toMatchObject([{ readings: [{ value: 90 }], changes: [{ event: 'raised' }] }]);
  expect(published).toMatchObject([{ value: 90 }]);
});

test('history is saved but neither judged nor published', async () => {
  const { walk, saved, published } = aWalk();
  await walk.emit(1)([aRaw({ at: Date.now() - 3_600_000, value: 90 })]);
  expect(saved).toMatchObject([{ readings: [{ value: 90 }], changes: [] }]);
  expect(published).toEqual([]);
});

test('what a device says is of the past is saved only, however new its time is', async () => {
  const { walk, saved, published } = aWalk(undefined, 1000);
  const at = Date.now();
  await walk.emit(1)([aRaw({ at, value: 10 }), aRaw({ at: at + 1, value: 90, late: true })]);
  expect(saved.flatMap(({ readings }) => readings.map(({ value }) => value)).sort()).toEqual([10, 90]);
  expect(saved.flatMap(({ changes }) => changes)).toEqual([]);
  expect(published.map(({ value }) => value)).toEqual([10]);
});

test('while what is of the past is not yet stored, live readings are shown, and none overtakes another', async () => {
  const { until, release } = aWait();
  const PAST = -1;
  const isPast = (readings: readonly Reading[]) => readings.some(({ value }) => value === PAST);
  const { walk, published } = aWalk((readings) => (isPast(readings) ? until() : Promise.resolve()), 1000);
  const at = Date.now();
  const first = walk.emit(1)([aRaw({ at, value: 1 }), aRaw({ at: at - 5, value: PAST, late: true })]);
  await walk.emit(1)([aRaw({ at: at + 1, value: 2 })]);
  expect(published.map(({ value }) => value)).toEqual([1, 2]);
  let settled = false;
  void first.then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toBe(false);
  release();
  await first;
});

test('nothing is published before it is safe', async () => {
  const { until, release } = aWait();
  const { walk, published } = aWalk(until);
  const emitted = walk.emit(1)([aRaw({ at: Date.now() })]);
  await Promise.resolve();
  expect(published).toEqual([]);
  release();
  await emitted;
  expect(published).toHaveLength(1);
});

test('a tag that went silent is a gap in history and stale on the screen', async () => {
  const { walk, saved, published } = aWalk();
  const at = Date.now();
  await walk.emit(1)([aRaw({ at })]);
  await walk.tick(at + 10_000);
  expect(saved.at(-1)?.readings).toMatchObject([{ value: null, at: at + 10_000 }]);
  expect(published.at(-1)).toMatchObject({ value: 50, at });
  expect(reasonOf(published.at(-1)!.quality)).toBe('stale');
});

test('a tag that reports by exception is shown as good again when its link is back, though it did not change', async () => {
  const { walk, saved, published } = aWalk(undefined, 1000);
  const at = Date.now();
  await walk.emit(1)([aRaw({ at })]);
  await walk.tick(at + 10_000);
  await walk.emit(1)([]);
  await walk.tick(at + 1000);
  expect(published.at(-1)).toMatchObject({ value: 50, at, quality: GOOD });
  expect(saved.flatMap(({ readings }) => readings)).toHaveLength(2);
});

test('an acknowledgement is saved with its operator; an unknown alarm is refused', async () => {
  const { walk, saved } = aWalk();
  await walk.emit(1)([aRaw({ at: Date.now(), value: 90 })]);
  expect(await walk.acknowledge('alarm-1', 'ada', 'seen')).toBe(true);
  expect(saved.at(-1)?.changes).toMatchObject([{ event: 'acknowledged', by: 'ada', comment: 'seen' }]);
  expect(await walk.acknowledge('alarm-9', 'ada', null)).toBe(false);
});

const door = { thin: { by: 'swinging door', error: 1, heartbeatMs: 600_000 } } as const;

test('thinning keeps from the store what screens and alarms have seen; what it holds is in the journal first', async () => {
  const { walk, saved, published, held } = aWalk(undefined, 1000, door);
  const at = Date.now();
  for (const ms of [0, 1, 2, 3]) await walk.emit(1)([aRaw({ at: at + ms })]);
  expect(published).toHaveLength(4);
  expect(saved.flatMap(({ readings }) => readings)).toMatchObject([{ at }]);
  expect(held.map((reading) => reading.at)).toEqual([at + 1, at + 2, at + 3]);
  expect(walk.thinned(1)).toEqual({ thinned: 2, held: 1 });
  await walk.flush();
  expect(saved.at(-1)).toMatchObject({ readings: [{ at: at + 3 }] });
  expect(walk.thinned(1)).toEqual({ thinned: 2, held: 0 });
});

test('a batch with a held reading is not acknowledged before the one that it replaces in the journal is stored', async () => {
  const { until, release } = aWait();
  const { walk, held } = aWalk(until, 1000, door);
  const at = Date.now();
  const emitted = [0, 1].map((ms) => walk.emit(1)([aRaw({ at: at + ms })]));
  await new Promise((resolve) => setImmediate(resolve));
  expect(held).toEqual([]);
  release();
  await Promise.all(emitted);
  expect(held).toMatchObject([{ at: at + 1 }]);
});

test('what is held is stored before the gap of a tag that went silent', async () => {
  const { walk, saved } = aWalk(undefined, undefined, door);
  const at = Date.now();
  await walk.emit(1)([aRaw({ at })]);
  await walk.emit(1)([aRaw({ at: at + 1 })]);
  await walk.tick(at + 10_000);
  expect(saved.at(-1)?.readings).toMatchObject([{ at: at + 1, value: 50 }, { value: null }]);
});

test('a calculated tag walks with what it is computed from: saved, judged and published in one step', async () => {
  const { walk, saved, published, calculate, tags } = aWalk(undefined, 1000);
  const double = aTag({
    id: 8 as TagId,
    name: 'double',
    source: 2,
    address: { expression: 'tag("TI-7") * 2' },
  });
  tags.set(double.id, double);
  calculate.replant({
    site: { name: 'Test works', timeZone: 'UTC' },
    areas: [],
    sources: [{ id: 2, name: 'computed', protocol: 'calculated', config: {}, enabled: true }],
    tags: [...tags.values()],
    rules: [],
  });
  const at = Date.now();
  await walk.emit(1)([aRaw({ at, value: 30 })]);
  expect(saved).toMatchObject([{ readings: [{ value: 30 }, { tag: 8, value: 60, at }] }]);
  expect(published).toMatchObject([{ value: 30 }, { tag: 8, value: 60 }]);
  await walk.tick(at + 10_000);
  expect(published.at(-1)).toMatchObject({ tag: 8, value: 60 });
  expect(reasonOf(published.at(-1)!.quality)).toBe('stale');
});

test('a clock that is set by an hour marks nothing as stale, and what is read then is shown', async () => {
  const { walk, saved, published, clock } = aWalk();
  const at = Date.now();
  await walk.emit(1)([aRaw({ at })]);
  clock.set = [3_600_000];
  await walk.tick(at + 3_601_000);
  clock.set = [-3_600_000];
  await walk.emit(1)([aRaw({ at: at + 1 })]);
  expect(saved.flatMap(({ readings }) => readings)).toMatchObject([{ at }, { at: at + 1 }]);
  expect(published).toMatchObject([{ at }, { at: at + 1 }]);
});

test('while the clock is not set, what it dates is doubted, and what a device dates is not', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2000, 0, 1, 0, 3) });
  onTestFinished(() => void vi.useRealTimers());
  const { walk, saved } = aWalk();
  await walk.emit(1)([aRaw({ at: Date.now() })]);
  const today = Date.UTC(2026, 5, 1);
  await walk.emit(1)([aRaw({ at: today })]);
  vi.setSystemTime(today + 1_000);
  // It was on its way while the clock was set.
  await walk.emit(1)([aRaw({ at: Date.UTC(2000, 0, 1, 0, 4) })]);
  await walk.emit(1)([aRaw({ at: today + 1_000 })]);
  const stored = saved.flatMap(({ readings }) => readings);
  expect(stored.map(({ at, quality }) => [at, reasonOf(quality)])).toEqual([
    [Date.UTC(2000, 0, 1, 0, 3), 'clock not set'],
    [today, 'none'],
    [Date.UTC(2000, 0, 1, 0, 4), 'clock not set'],
    [today + 1_000, 'none'],
  ]);
});
