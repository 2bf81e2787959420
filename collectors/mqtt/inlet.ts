import type { Report } from '../collector.ts';
import type { Gatherer } from '../gather.ts';
import type { Decoder } from './decode.ts';

/** What arrives at QoS 0 cannot be held back: beyond this many readings that are not yet safe, it is lost and counted. */
const MAX_WAITING = 100_000;

interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
}

/** Settles when the message may be acknowledged: at QoS 1 and 2 only once its readings are safe. */
export type Inlet = (message: Message) => Promise<void>;

export function inlet(messages: Decoder, gatherer: Gatherer, report: Report): Inlet {
  return async ({ topic, payload, qos }) => {
    const readings = messages.decode(topic, payload, Date.now());
    if (readings.length === 0) return;
    if (qos > 0) {
      await gatherer.add(readings);
    } else if (gatherer.waiting() + readings.length <= MAX_WAITING) {
      void gatherer.add(readings);
    } else {
      report.fault(
        'overflow',
        `${readings.length} readings arrived at QoS 0 while ${gatherer.waiting()} wait to be stored; they are lost.`,
        'Look at the database and its disk; let devices publish at QoS 1, which waits.',
      );
    }
  };
}
