import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFeed } from '../../../gateway/live/feed.ts';
import { createSubscriber } from '../../../gateway/live/subscriber.ts';
import { decodeFrame } from '../../../history/frame.ts';
import type { TagId } from '../../../history/reading.ts';
import { NOON, TAG, aReading } from '../../support/readings.ts';

const OTHER = 8 as TagId;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A screen that takes frames while it is open, and refuses them otherwise. */
function aScreen() {
  const frames: ReturnType<typeof decodeFrame>[] = [];
  const screen = {
    open: true,
    frames,
    values: () => frames.map(({ readings }) => readings.map(({ value }) => value)),
    send(bytes: Uint8Array) {
      if (screen.open) frames.push(decodeFrame(bytes));
      return screen.open;
    },
  };
  return screen;
}

test('a new watcher gets a snapshot of what is newest', () => {
  const feed = createFeed();
  const screen = aScreen();
  feed.publish([aReading({ value: 1 }), aReading({ tag: OTHER, value: 2 })]);
  using subscriber = createSubscriber(feed, screen);
  subscriber.watch([TAG]);
  expect(screen.frames).toMatchObject([{ snapshot: true, readings: [{ tag: TAG, value: 1 }] }]);
});

test('the first change goes out at once, the next ones as one frame a window with the newest value', () => {
  const feed = createFeed();
  const screen = aScreen();
  using subscriber = createSubscriber(feed, screen);
  subscriber.watch([TAG]);
  vi.advanceTimersByTime(1000);
  for (const [second, value] of [1, 2, 3].entries()) feed.publish([aReading({ value, at: NOON + second })]);
  expect(screen.values()).toEqual([[], [1]]);
  vi.advanceTimersByTime(250);
  expect(screen.values()).toEqual([[], [1], [3]]);
});

test('tags that are not on the screen are not sent', () => {
  const feed = createFeed();
  const screen = aScreen();
  using subscriber = createSubscriber(feed, screen);
  subscriber.watch([TAG]);
  feed.publish([aReading({ tag: OTHER })]);
  vi.advanceTimersByTime(1000);
  expect(screen.values()).toEqual([[]]);
});

test('a screen that is slow skips values and ends with the newest', () => {
  const feed = createFeed();
  const screen = aScreen();
  using subscriber = createSubscriber(feed, screen);
  subscriber.watch([TAG]);
  vi.advanceTimersByTime(1000);
  screen.open = false;
  for (let second = 0; second < 100; second++) {
    feed.publish([aReading({ value: second, at: NOON + second * 1000 })]);
    vi.advanceTimersByTime(1000);
  }
  screen.open = true;
  vi.advanceTimersByTime(250);
  expect(screen.values()).toEqual([[], [99]]);
});

test('an older reading never replaces a newer one', () => {
  const feed = createFeed();
  feed.publish([aReading({ value: 2, at: NOON + 1 })]);
  feed.publish([aReading({ value: 1, at: NOON })]);
  expect(feed.newest([TAG])).toMatchObject([{ value: 2 }]);
});

test('a screen that has gone gets nothing more', () => {
  const feed = createFeed();
  const screen = aScreen();
  createSubscriber(feed, screen)[Symbol.dispose]();
  feed.publish([aReading()]);
  vi.advanceTimersByTime(1000);
  expect(screen.frames).toEqual([]);
});

test('a device whose clock was ahead and is set right is shown at once', () => {
  const feed = createFeed();
  feed.publish([aReading({ at: NOON + 1_800_000, value: 1 })]);
  feed.publish([aReading({ at: NOON + 1_799_000, value: 2 })]);
  expect(feed.newest([TAG])).toMatchObject([{ value: 1 }]);
  feed.publish([aReading({ at: NOON, value: 3 })]);
  expect(feed.newest([TAG])).toMatchObject([{ value: 3 }]);
});
