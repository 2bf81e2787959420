import { expect, test } from 'vitest';
import { createJudge } from '../../gateway/alarms/judge.ts';
import type { AlarmChange } from '../../gateway/alarms/change.ts';
import { cleaning } from '../../gateway/cleaning/clean.ts';
import { freshness } from '../../gateway/cleaning/freshness.ts';
import { ingest } from '../../gateway/ingest.ts';
import { GOOD, reasonOf } from '../../history/reading.ts';
import type { Reading } from '../../history/reading.ts';
import { TAG, aRaw, aRule, aTag } from '../support/readings.ts';

/** The real walk, ending in two lists. `hold` keeps `save` from settling. */
function aWalk(hold: Promise<void> = Promise.resolve(), contactMs?: number) {
  const tags = new Map([[TAG, aTag()]]);
  const saved: { readings: readonly Reading[]; changes: readonly AlarmChange[] }[] = [];
  const published: Reading[] = [];
  const walk = ingest({
    clean: cleaning(tags),
    freshness: freshness(tags, () => contactMs),
    judge: createJudge([aRule()], [], () => 'alarm-1'),
    async save(readings, changes) {
      await hold;
      saved.push({ readings, changes });
    },
    publish: (readings) => published.push(...readings),
  });
  return { walk, saved, published };
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

test('nothing is published before it is safe', async () => {
  let release: () => void = () => undefined;
  const { walk, published } = aWalk(new Promise((resolve) => (release = resolve)));
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
