import type { Raw } from '../../history/reading.ts';
import type { Report } from '../collector.ts';
import type { Gatherer } from '../gather.ts';
import type { Message } from './message.ts';
import type { Decoder } from './taker.ts';

/** What arrives at QoS 0 cannot be held back: beyond this many readings that are not yet safe, it is lost and counted. */
const MAX_WAITING = 100_000;

/**
 * Undefined: may be acknowledged at once, nothing in it has to be kept. Otherwise settles when it may be acknowledged:
 * at QoS 1 and 2 only once its readings are safe.
 */
export type Inlet = (message: Message) => Promise<void> | undefined;

export function inlet(messages: Decoder, gatherer: Gatherer, report: Report): Inlet {
  return (message) => {
    const readings = messages.decode(message);
    if (readings.length === 0) return undefined;
    if (message.qos > 0) return gatherer.add(readings);
    if (gatherer.waiting() + readings.length <= MAX_WAITING) void gatherer.add(readings);
    else overflow(readings, gatherer.waiting(), report);
    return undefined;
  };
}

function overflow(readings: readonly Raw[], waiting: number, report: Report): void {
  report.fault(
    'overflow',
    `${readings.length} readings arrived at QoS 0 while ${waiting} wait to be stored; they are lost.`,
    'Look at the database and its disk; let devices publish at QoS 1, which waits.',
  );
  for (const tag of new Set(readings.map((reading) => reading.tag))) {
    const times = readings.filter((reading) => reading.tag === tag).map(({ at }) => at);
    const from = times.reduce((low, at) => Math.min(low, at));
    const to = times.reduce((high, at) => Math.max(high, at));
    report.lost({ tag, from, to, cause: 'more arrived at QoS 0 than could be stored', count: times.length });
  }
}
