import timers from 'node:timers/promises';
import type { Point, WriteOrder, WriteOutcome } from '../../collector.ts';
import type { Outgoing } from '../message.ts';
import { writeCommand } from './command.ts';
import type { SparkplugAddress } from './config.ts';
import type { Host } from './host.ts';
import type { Arrival } from './readings.ts';
import type { Value } from './value.ts';

/** How long a node may take to tell the value that it was given. */
const READ_BACK_MS = 5_000;

/** By what a command goes out. */
interface Link {
  readonly host: Host;
  publish(outgoing: Outgoing): Promise<void>;
}

/** Sends commands, and waits for the data message that shows what became of them. */
export interface Writing {
  write(order: WriteOrder, link: Link, signal: AbortSignal): Promise<WriteOutcome>;
  /** Every value that arrives is shown to those that wait. */
  notice(arrival: Arrival): void;
}

export function writing(points: readonly Point<SparkplugAddress>[], readBackMs = READ_BACK_MS): Writing {
  const waiting = new Set<(arrival: Arrival) => void>();

  const readBack = async (
    { sparkplug, metric }: SparkplugAddress,
    expected: Value,
    send: () => Promise<void>,
    signal: AbortSignal,
  ) => {
    let shown: Value | null | undefined;
    const over = new AbortController();
    const look = ({ place, told, late }: Arrival) => {
      if (place !== sparkplug || told.name !== metric || late || told.value === undefined) return;
      shown = told.value;
      if (same(shown, expected)) over.abort();
    };
    waiting.add(look);
    try {
      await send();
      await timers
        .setTimeout(readBackMs, undefined, { signal: AbortSignal.any([signal, over.signal]) })
        .catch(() => undefined);
    } finally {
      waiting.delete(look);
    }
    return shown;
  };

  return {
    async write(order, link, signal) {
      const { tag } = order;
      const address = points.find((point) => point.tag === tag)?.address;
      if (address === undefined) return { tag, state: 'refused', why: 'The tag is not of Sparkplug.' };
      const made = writeCommand(order, address, link.host.unit(address.sparkplug), Date.now());
      if ('refused' in made) return { tag, state: 'refused', why: made.refused };
      const shown = await readBack(address, made.expected, () => link.publish(made.outgoing), signal);
      if (same(shown, made.expected)) return { tag, state: 'verified', readBack: plain(made.expected) };
      const why = `${address.sparkplug} has not shown the value within ${readBackMs / 1000} s.`;
      return {
        tag,
        state: 'unverified',
        readBack: shown === undefined || shown === null ? null : plain(shown),
        why,
      };
    },
    notice(arrival) {
      for (const look of waiting) look(arrival);
    },
  };
}

const same = (one: Value | null | undefined, other: Value): boolean =>
  one === other ||
  (typeof one === 'bigint' || typeof other === 'bigint' ? String(one) === String(other) : false);

function plain(value: Value): number | string {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' ? value : String(value);
}
