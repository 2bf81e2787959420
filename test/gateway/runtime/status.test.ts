import { expect, onTestFinished, test, vi } from 'vitest';
import { disabledView, linkView, liveLink, observed, startedLink } from '../../../gateway/runtime/status.ts';
import type { Link, LinkEvent } from '../../../gateway/runtime/status.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const iso = (after: number) => new Date(START + after).toISOString();

/** The link after events at their milliseconds since the start. */
const link = (events: readonly [number, LinkEvent][], contactMs = 1000): Link =>
  events.reduce((so, [at, event]) => observed(so, event, START + at), startedLink(contactMs, START));
const state = (of: Link, at: number) => linkView(of, START + at).state;

const contact = (readings = 0): LinkEvent => ({ type: 'contact', readings });
const lost: LinkEvent = { type: 'lost', error: 'The device hung up.' };

test('a link nobody has heard is connecting, however long', () => {
  expect(linkView(link([]), START + 60_000)).toMatchObject({
    state: 'connecting',
    since: iso(0),
    lastContact: null,
  });
});

test('a link is connected for three seconds after a keep-alive, then stale', () => {
  const heard = link([[1000, contact()]]);
  expect([state(heard, 3999), state(heard, 4000)]).toEqual(['connected', 'stale']);
  expect(linkView(heard, START + 9000)).toMatchObject({ since: iso(4000), lastContact: iso(1000) });
});

test('a slow link is stale after twice its interval', () => {
  const heard = link([[0, contact(5)]], 10_000);
  expect([state(heard, 19_999), state(heard, 20_000)]).toEqual(['connected', 'stale']);
});

test('a loss that is known is not covered by freshness', () => {
  const gone = link([
    [0, contact()],
    [500, lost],
  ]);
  expect(linkView(gone, START + 600)).toMatchObject({
    state: 'connecting',
    since: iso(500),
    lastError: 'The device hung up.',
    reconnects: 0,
  });
});

test('the first contact after a loss is a reconnect, and starts a new time of being connected', () => {
  const back = link([
    [0, contact()],
    [500, lost],
    [600, lost],
    [2000, contact()],
    [3000, contact()],
  ]);
  expect(linkView(back, START + 3000)).toMatchObject({ state: 'connected', since: iso(2000), reconnects: 1 });
});

test('failures before the first contact are no reconnects', () => {
  expect(
    linkView(
      link([
        [0, lost],
        [500, contact()],
      ]),
      START + 500,
    ).reconnects,
  ).toBe(0);
});

test('readings are counted, and their rate is the mean of the last whole seconds', () => {
  const busy = link(Array.from({ length: 40 }, (_, i) => [i * 500, contact(10)] as [number, LinkEvent]));
  expect(linkView(busy, START + 20_000)).toMatchObject({ collected: 400, readingsPerSecond: 20 });
  expect(linkView(busy, START + 60_000).readingsPerSecond).toBe(0);
});

test('faults are counted by kind and the newest is remembered', () => {
  const fault = (what: string, count: number): LinkEvent => ({
    type: 'fault',
    kind: 'malformed',
    count,
    what,
  });
  const faulty = link([
    [0, fault('first', 3)],
    [1, fault('second', 4)],
  ]);
  expect(linkView(faulty, START).faults).toEqual({ malformed: 7 });
  expect(faulty.faults.malformed?.last).toBe('second');
});

test('a source that is switched off says so', () => {
  expect(disabledView(START)).toMatchObject({ state: 'disabled', since: iso(0), collected: 0 });
});

test.for([3_600_000, -3_600_000])(
  'a link is as connected, or stale, as before its machine’s clock was set by %d ms',
  async (byMs) => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'performance'], now: START });
    onTestFinished(() => void vi.useRealTimers());
    const live = liveLink(1_000);
    live.observe(contact(1));
    await vi.advanceTimersByTimeAsync(2_000);
    vi.setSystemTime(START + 2_000 + byMs);
    expect(linkView(live.now(), Date.now())).toMatchObject({ state: 'connected', lastContact: iso(byMs) });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(linkView(live.now(), Date.now()).state).toBe('stale');
  },
);
