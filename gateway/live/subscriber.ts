import { encodeFrame } from '../../history/frame.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import type { Feed, Viewer } from './feed.ts';

/** What a subscriber needs of a socket: platform/web gives it. */
export interface Outlet {
  /** False: not sent, because too much is waiting already. */
  send(message: Uint8Array): boolean;
}

export interface Subscriber extends Disposable {
  /** Replaces the tags on screen, and sends a snapshot of them. */
  watch(tags: readonly TagId[]): void;
}

/** After the first change, one merged frame a window. */
const WINDOW_MS = 250;

/**
 * One screen. The first change goes out at once, then one frame a window. Of each tag the newest value wins, so a
 * slow screen skips values and never falls behind; the frame that could not be sent is merged into the next one.
 */
export function createSubscriber(feed: Feed, outlet: Outlet): Subscriber {
  const pending = new Map<TagId, Reading>();
  let sequence = 0;
  let timer: NodeJS.Timeout | undefined;

  const send = (snapshot: boolean) => {
    const frame = encodeFrame({
      seq: ++sequence,
      now: Date.now(),
      snapshot,
      readings: [...pending.values()],
    });
    if (outlet.send(frame)) pending.clear();
  };

  const flush = () => {
    timer = undefined;
    if (pending.size === 0) return;
    send(false);
    timer = setTimeout(flush, WINDOW_MS);
  };

  const viewer: Viewer = {
    offer(readings) {
      for (const reading of readings) pending.set(reading.tag, reading);
      if (timer === undefined) flush();
    },
  };

  return {
    watch(tags) {
      const set = new Set(tags);
      feed.watch(viewer, set);
      pending.clear();
      for (const reading of feed.newest(set)) pending.set(reading.tag, reading);
      send(true);
      timer ??= setTimeout(flush, WINDOW_MS);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      feed.watch(viewer, new Set());
    },
  };
}
