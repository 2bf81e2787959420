import type { Reading } from '../../../history/reading.ts';
import { continues } from './sieve.ts';
import type { Sieve } from './sieve.ts';

/** Stores what differs from the last stored reading by more than the deadband, or comes a heartbeat later. */
export function deadband(settings: { readonly deadband: number; readonly heartbeatMs: number }): Sieve {
  let stored: Reading | null = null;

  const isNews = (last: Reading, next: Reading): boolean =>
    !continues(last, next) ||
    Math.abs(Number(next.value) - Number(last.value)) > settings.deadband ||
    next.at - last.at >= settings.heartbeatMs;

  return {
    take(reading) {
      if (stored !== null && !isNews(stored, reading)) return [];
      stored = reading;
      return [reading];
    },
    // What is dropped is told by the reading stored before it: nothing has to be held.
    held: null,
    due: () => null,
    flush: () => null,
  };
}
