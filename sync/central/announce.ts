import type { Room } from '../../platform/api/live.ts';

const PERIOD_MS = 1_000;

/** Tells screens that something in a room has changed. */
export type Announce = (room: Room) => void;

/** Tells a room at most once a second: sites send more often than a screen can be read. */
export function announcer(publish: Announce, signal: AbortSignal): Announce {
  const due = new Set<Room>();
  return (room) => {
    if (due.has(room) || signal.aborted) return;
    due.add(room);
    setTimeout(() => {
      due.delete(room);
      if (!signal.aborted) publish(room);
    }, PERIOD_MS).unref();
  };
}
