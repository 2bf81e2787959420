import type { Report } from './collector.ts';

/** A wait that is shorter than this is that of a busy store, and costs a slot at most. */
const SHORTEST_MS = 1_000;

/**
 * Waits for room for what was polled. As long as there is none the device is not asked: where that cost at least one
 * poll it goes into the loss ledger, when it is over.
 */
export async function heldBack(
  room: Promise<unknown>,
  periodMs: number,
  report: Pick<Report, 'lost'>,
): Promise<void> {
  const from = Date.now();
  const begun = performance.now();
  await room;
  if (performance.now() - begun < Math.max(SHORTEST_MS, periodMs)) return;
  const cause = 'nothing could be stored, so that the device was not read';
  report.lost({ tag: null, from, to: Date.now(), cause, count: null });
}
