import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LiveMessage } from '../../../platform/api/live.ts';
import { openLive } from '../../../platform/web/rooms.ts';
import type { LiveFeed } from '../../../platform/web/rooms.ts';
import type { Socket } from '../../../platform/web/server.ts';
import { silent } from '../../support/web.ts';

/** A socket whose peer can stop taking. */
function aSocket() {
  const state = { full: false, sent: [] as LiveMessage[], closed: undefined as number | undefined };
  const socket: Socket = {
    send(message) {
      if (!state.full) state.sent.push(JSON.parse(String(message)) as LiveMessage);
      return !state.full;
    },
    buffered: () => 0,
    close: (code) => (state.closed = code),
  };
  return Object.assign(state, { socket, take: () => state.sent.splice(0).map((message) => message) });
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const visitor = { build: 'b1', isAllowed: () => Promise.resolve(true) };
const join = (...rooms: string[]) => JSON.stringify({ type: 'join', rooms });

test('a socket is greeted with the epoch and the build, then hears a heartbeat each second', () => {
  using live = openLive({ log: silent });
  const { socket, take } = aSocket();
  live.converse(visitor).open(socket);
  expect(take()).toMatchObject([{ type: 'hello', build: 'b1', now: Date.now() }]);
  vi.advanceTimersByTime(2000);
  expect(take().map(({ type }) => type)).toEqual(['heartbeat', 'heartbeat']);
});

test('a room is heard by those who joined it last, and by nobody else', () => {
  using live = openLive({ log: silent });
  const one = aSocket();
  const other = aSocket();
  const events = live.converse(visitor);
  for (const { socket, take } of [one, other]) {
    events.open(socket);
    take();
  }
  events.message(one.socket, join('alarms', 'jobs'));
  events.message(other.socket, join('jobs'));
  events.message(other.socket, join('sites'));
  live.publish('jobs', { done: 1 });
  live.publish('sites');
  expect(one.take()).toEqual([{ type: 'room', room: 'jobs', body: { done: 1 } }]);
  expect(other.take()).toEqual([{ type: 'room', room: 'sites' }]);
  events.closed(one.socket);
  live.publish('jobs');
  expect([one.take(), live.sockets]).toEqual([[], 1]);
});

test('news that a slow screen could not take reaches it, once, when it can', () => {
  using live = openLive({ log: silent });
  const slow = aSocket();
  const events = live.converse(visitor);
  events.open(slow.socket);
  events.message(slow.socket, join('alarms'));
  slow.take();
  slow.full = true;
  live.publish('alarms', { id: 1 });
  live.publish('alarms', { id: 2 });
  slow.full = false;
  events.drain?.(slow.socket);
  events.drain?.(slow.socket);
  expect(slow.take()).toEqual([{ type: 'room', room: 'alarms' }]);
});

test('a screen that takes nothing for half a minute is let go', () => {
  using live = openLive({ log: silent });
  const deaf = aSocket();
  live.converse(visitor).open(deaf.socket);
  deaf.full = true;
  vi.advanceTimersByTime(29_000);
  expect(deaf.closed).toBeUndefined();
  vi.advanceTimersByTime(1_000);
  expect(deaf.closed).toBe(1001);
});

test('a screen whose session has ended is closed; one that cannot be checked stays', async () => {
  using live = openLive({ log: silent });
  const out = aSocket();
  const unsure = aSocket();
  live.converse({ build: 'b', isAllowed: () => Promise.resolve(false) }).open(out.socket);
  live.converse({ build: 'b', isAllowed: () => Promise.reject(new Error('away')) }).open(unsure.socket);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([out.closed, unsure.closed]).toEqual([4401, undefined]);
});

test('what is watched goes to the feed, and so do drain and close', () => {
  const feed = { watch: vi.fn(), drained: vi.fn(), closed: vi.fn() } satisfies LiveFeed;
  using live = openLive({ log: silent, feed });
  const { socket } = aSocket();
  const events = live.converse(visitor);
  events.open(socket);
  events.message(socket, '{"type":"watch","tags":[1,2]}');
  events.drain?.(socket);
  events.closed(socket);
  expect(feed.watch).toHaveBeenCalledWith(socket, [1, 2]);
  expect(feed.drained).toHaveBeenCalledWith(socket);
  expect(feed.closed).toHaveBeenCalledWith(socket);
});

test.for([
  'not JSON',
  '{"type":"watch","tags":["1"]}',
  '{"type":"join","rooms":["kitchen"]}',
  Buffer.from([1]),
])('a message that is not understood closes the socket: %s', (message) => {
  using live = openLive({ log: silent });
  const { socket, ...state } = aSocket();
  const closing = vi.spyOn(socket, 'close');
  live.converse(visitor).open(socket);
  live.converse(visitor).message(socket, message);
  expect(closing).toHaveBeenCalledWith(1008, expect.any(String));
  expect(state.closed).toBeUndefined();
});
