import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { decodeFrame } from '../history/frame.ts';
import type { LiveMessage, LiveRequest, Room } from '../platform/api/live.ts';
import { hearServerTime, serverNow } from './clock.ts';
import { converse, pause } from './socket.ts';

/** A newest value as the socket brought it. */
export interface Latest {
  readonly at: number;
  readonly value: number | string | null;
  readonly quality: number;
}

export type Link = { state: 'connecting' | 'live' } | { state: 'lost'; lastContact: number | null };

/** What a room said last; `count` grows whenever its subject must be fetched again. */
export interface News {
  readonly count: number;
  readonly body: unknown;
}

/** A hung server keeps its connections open: only silence tells (rule S2). */
const SILENCE_MS = 3000;
const WATCHDOG_MS = 250;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;
const SETTLE_MS = 20;

const readings = new Map<number, Signal<Latest | undefined>>();
const rooms = new Map<Room, Signal<News>>();
const watched = new Set<number>();
const joined = new Set<Room>();
const currentLink = signal<Link>({ state: 'connecting' });
const outdated = signal(false);
const silent = () => undefined;
let say: (request: LiveRequest) => void = silent;
let settling: ReturnType<typeof setTimeout> | undefined;
let epoch: string | undefined;
let lastSeq: number | undefined;

export const link: ReadonlySignal<Link> = currentLink;
/** The daemon has newer screens than this page. */
export const newBuild: ReadonlySignal<boolean> = outdated;

/** The newest reading of a tag. The tag is watched for as long as anybody reads this signal's value. */
export function reading(tag: number): ReadonlySignal<Latest | undefined> {
  let latest = readings.get(tag);
  if (latest === undefined) {
    latest = signal<Latest | undefined>(undefined, subscription(watched, tag));
    readings.set(tag, latest);
  }
  return latest;
}

/** News of a room. It is joined for as long as anybody reads this signal's value. */
export function room(name: Room): ReadonlySignal<News> {
  let news = rooms.get(name);
  if (news === undefined) {
    news = signal<News>({ count: 0, body: undefined }, subscription(joined, name));
    rooms.set(name, news);
  }
  return news;
}

/** A change of page drops and takes many at once: the sets are sent when the dust has settled. */
function subscription<Key>(set: Set<Key>, key: Key) {
  const change = (isAdded: boolean) => {
    if (isAdded) set.add(key);
    else set.delete(key);
    settling ??= setTimeout(subscribe, SETTLE_MS);
  };
  return { watched: () => change(true), unwatched: () => change(false) };
}

function subscribe(): void {
  clearTimeout(settling);
  settling = undefined;
  say({ type: 'watch', tags: [...watched] });
  say({ type: 'join', rooms: [...joined] });
}

interface Options {
  url: string;
  /** The build id of this page; a hello with another one means that a reload is due. */
  build: string;
}

/** Keeps the one live socket of the page until `abort`: heartbeat, silence, back-off and return. */
export async function connect({ url, build }: Options, abort: AbortSignal): Promise<void> {
  const ear = listen(abort);
  let wait = FIRST_WAIT_MS;
  while (!isOver(abort)) {
    const openedAt = performance.now();
    await converse(url, {
      abort,
      isSilent: () => ear.isSilent() && performance.now() - openedAt > SILENCE_MS,
      opened: (send) => {
        say = send;
        lastSeq = undefined;
        subscribe();
      },
      text: (message) => {
        ear.hear(message.type !== 'hello');
        wait = FIRST_WAIT_MS;
        take(message, build);
      },
      binary: (frame) => {
        apply(frame);
        ear.hear(false);
      },
      seen: resync,
    });
    say = silent;
    if (isOver(abort)) return;
    await pause(wait * (0.5 + Math.random() / 2), abort);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

const isOver = (abort: AbortSignal): boolean => abort.aborted;

/** Knows when the server was last heard, and declares the link lost once that is too long ago. */
function listen(abort: AbortSignal) {
  let heardAt = performance.now();
  let lastContact: number | null = null;
  currentLink.value = { state: 'connecting' };
  const isSilent = () => performance.now() - heardAt > SILENCE_MS;
  const watchdog = setInterval(() => {
    if (isSilent() && currentLink.peek().state !== 'lost') currentLink.value = { state: 'lost', lastContact };
  }, WATCHDOG_MS);
  abort.addEventListener('abort', () => clearInterval(watchdog), { once: true });
  return {
    isSilent,
    /** After a loss only what a server at work sends proves that it is back, not the answers to a new connection. */
    hear: (isProof: boolean) => {
      heardAt = performance.now();
      const { state } = currentLink.peek();
      if (state === 'lost' && !isProof) return;
      lastContact = serverNow();
      if (state !== 'live') currentLink.value = { state: 'live' };
    },
  };
}

function apply(bytes: Uint8Array): void {
  const frame = decodeFrame(bytes);
  hearServerTime(frame.now);
  batch(() => {
    for (const { tag, at, value, quality } of frame.readings) {
      const latest = readings.get(tag);
      if (latest !== undefined) latest.value = { at, value, quality };
    }
  });
  const isMissing = lastSeq !== undefined && frame.seq !== lastSeq + 1;
  lastSeq = frame.seq;
  if (isMissing && !frame.snapshot) subscribe();
}

function take(message: LiveMessage, build: string): void {
  switch (message.type) {
    case 'hello':
      hearServerTime(message.now);
      if (message.build !== build) outdated.value = true;
      greet(message.epoch);
      return;
    case 'heartbeat':
      hearServerTime(message.now);
      return;
    case 'room':
      announce(message.room, message.body);
  }
}

/** After every connection all lists are fetched again; a daemon that started anew may have lost values too. */
function greet(current: string): void {
  if (epoch !== undefined && epoch !== current) {
    batch(() => {
      for (const latest of readings.values()) latest.value = undefined;
    });
  }
  epoch = current;
  announceAll();
}

function announce(name: Room, body: unknown): void {
  const news = rooms.get(name);
  if (news !== undefined) news.value = { count: news.peek().count + 1, body };
}

function announceAll(): void {
  batch(() => {
    for (const name of rooms.keys()) announce(name, undefined);
  });
}

/** Asks for a fresh snapshot and fresh lists: after a sleep nothing on the page can be trusted (rule S4). */
function resync(): void {
  subscribe();
  announceAll();
}
