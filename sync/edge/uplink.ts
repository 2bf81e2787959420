import * as timers from 'node:timers/promises';
import type { Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import type { TagEntry } from '../wire.ts';
import type { Allowance } from './bandwidth.ts';
import type { Centre } from './centre.ts';
import { openLane } from './lane.ts';
import { senderOf } from './sender.ts';
import type { SenderOptions } from './sender.ts';
import { openSizing } from './sizing.ts';
import { renewEpochs } from './store/epochs.ts';
import { countWaiting, selectNext, takeSegment } from './store/sending.ts';
import type { Waiting } from './store/sending.ts';

/** Events go one by one: their order matters. */
const SLOTS = { events: 1, live: 3, backlog: 3 } as const;
/** What has waited for longer is backlog: newer readings overtake it. */
const LIVE_MS = 5_000;

export interface Uplink {
  readonly db: Db;
  readonly log: Logger;
  /** The site's whole tag dictionary. */
  readonly tags: () => Promise<readonly TagEntry[]>;
  /** Now and then: how many segments wait, and when the last one was acknowledged. */
  progress(waiting: number, acknowledgedAt: number | null): void;
  readonly idleMs: number;
  readonly allowance: (at: number) => Allowance;
}

type Stream = Waiting['stream'];

/** Sends what waits until `signal` aborts, in three lanes. Rejects when the centre cannot be reached. */
export async function runUplink(centre: Centre, link: Uplink, signal: AbortSignal): Promise<void> {
  const { db, allowance } = link;
  const sizing = openSizing(() => allowance(Date.now()).bytesPerSecond);
  let acknowledgedAt: number | null = null;
  for (;;) {
    let stream: Stream = 'readings';
    const draining = new AbortController();
    const border = liveBorder((await selectNext(db)).readings);
    const lanes = lanesOf(link, border, {
      ...{ centre, sizing, ...link },
      acknowledged: () => void (acknowledgedAt = Date.now()),
      countAnew(which) {
        stream = which;
        draining.abort();
      },
    });
    await untilAllEnd(signal, [
      ...Object.values(lanes).map((lane) => (either: AbortSignal) => lane.run(either, draining.signal)),
      (either) =>
        watch({ link, lanes, border, acknowledgedAt: () => acknowledgedAt }, either, draining.signal),
    ]);
    // Nothing is under way now: renumbering must not overtake an acknowledgement.
    await renewEpochs(db, [stream]);
  }
}

interface Border {
  /** Readings numbered from here on are live. */
  readonly from: number;
  /** The next number is this one by now. */
  move(next: number): void;
}

/** Where live readings begin: with those that came to wait within the last seconds. */
function liveBorder(first: number): Border {
  let from = first;
  const marks: { readonly at: number; readonly next: number }[] = [];
  return {
    get from() {
      return from;
    },
    move(next) {
      const now = performance.now();
      marks.push({ at: now, next });
      while (marks[0] !== undefined && marks[0].at < now - LIVE_MS)
        from = Math.max(from, marks.shift()?.next ?? 0);
    },
  };
}

type Lanes = ReturnType<typeof lanesOf>;

function lanesOf({ db, allowance }: Uplink, border: Border, sending: SenderOptions) {
  const mostBytes = () => sending.sizing.bytes();
  const events = openLane(SLOTS.events, {
    take: (underWay) => takeSegment(db, { stream: 'events', part: null, underWay, mostBytes: mostBytes() }),
    send: senderOf(sending, 'events'),
  });
  const readings = (name: 'live' | 'backlog', isOpen: () => boolean) =>
    openLane(SLOTS[name], {
      async take(underWay) {
        await events.looked();
        const part = { name, from: border.from };
        return isOpen()
          ? takeSegment(db, { stream: 'readings', part, underWay, mostBytes: mostBytes() })
          : null;
      },
      send: senderOf(sending, name),
    });
  return {
    events,
    live: readings('live', () => true),
    backlog: readings('backlog', () => allowance(Date.now()).backlog),
  };
}

interface Watched {
  readonly link: Uplink;
  readonly lanes: Lanes;
  readonly border: Border;
  acknowledgedAt(): number | null;
}

/** Wakes the lanes when something has come, and tells how much waits. */
async function watch(
  { link, lanes, border, ...watched }: Watched,
  signal: AbortSignal,
  draining: AbortSignal,
): Promise<void> {
  const { db, idleMs } = link;
  let before = await selectNext(db);
  let told = -1;
  let countAt = 0;
  while (!draining.aborted) {
    if (performance.now() >= countAt) {
      const began = performance.now();
      const waiting = await countWaiting(db);
      // A large backlog takes its time to count.
      countAt = performance.now() + 20 * (performance.now() - began);
      if (waiting !== told || waiting > 0) link.progress(waiting, watched.acknowledgedAt());
      told = waiting;
    }
    await timers.setTimeout(idleMs, undefined, { signal });
    const next = await selectNext(db);
    border.move(next.readings);
    if (next.events !== before.events) lanes.events.wake();
    if (next.readings !== before.readings) [lanes.live, lanes.backlog].forEach((lane) => lane.wake());
    before = next;
  }
}

/** Runs all until they end, or one rejects: then the others are ended, and the first reason is that of all. */
export async function untilAllEnd(
  signal: AbortSignal,
  ways: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const reasons: unknown[] = [];
  await Promise.all(
    ways.map((way) =>
      way(either).catch((reason: unknown) => {
        reasons.push(reason);
        ended.abort();
      }),
    ),
  );
  if (reasons.length > 0) throw reasons[0];
}
