import { setTimeout as wait } from 'node:timers/promises';
import type { MonitoredItemNotification } from 'node-opcua-client';
import type { Raw } from '../../history/reading.ts';
import type { Report } from '../collector.ts';
import type { Gatherer } from '../gather.ts';
import { decode } from './decode.ts';
import type { Decoded, Fault, Reader } from './decode.ts';
import type { Structures } from './structure.ts';

/** Notifications cannot be held back: beyond this many readings that are not yet safe, they are lost and counted. */
const MAX_WAITING = 200_000;
/** At the end of a link the descriptions of structures are waited for so long. */
const DESCRIBED_MS = 2_000;

export interface Receiver {
  /** Values in the order sent, or none: a sign of life. */
  readonly values: (values: readonly MonitoredItemNotification[]) => void;
  /** Messages that did not arrive, and that the server has no longer. */
  readonly lost: (messages: number, from: number, to: number) => void;
  /** Hands over what is left, and waits until it is safe. What cannot be read any more is lost, and said. */
  readonly drain: () => Promise<void>;
}

/** Turns notifications into readings, and what is wrong with them into faults and losses. */
export function receiver(
  readers: readonly Reader[],
  structures: Structures,
  gatherer: Gatherer,
  report: Report,
): Receiver {
  const read = reading(readers, notes(report));
  const take = (values: readonly MonitoredItemNotification[], isClosed: Structures['closed']) => {
    const { readings, closed } = read(values, isClosed);
    if (readings.length > 0) void gatherer.add(readings);
    return closed;
  };
  const aside = settingAside(structures, (values) => void take(values, () => false));
  return {
    values(values) {
      gatherer.alive();
      const waiting = gatherer.waiting() + aside.count();
      if (waiting + values.length > MAX_WAITING) {
        overrun(report, values.length, waiting);
        return;
      }
      const closed = take(values, structures.closed);
      if (closed.length > 0) aside.add(closed);
    },
    lost(messages, from, to) {
      report.lost({
        tag: null,
        from,
        to,
        count: null,
        cause: `${messages} messages of the server were lost`,
      });
    },
    async drain() {
      await aside.end(report);
      await gatherer.drain();
    },
  };
}

/** Values wait here, in their order, until the server has described their types. */
function settingAside(structures: Structures, take: (values: readonly MonitoredItemNotification[]) => void) {
  let count = 0;
  let since = 0;
  let isOver = false;
  let order = Promise.resolve();
  return {
    count: () => count,
    add(values: readonly MonitoredItemNotification[]) {
      if (count === 0) since = Date.now();
      count += values.length;
      order = order.then(async () => {
        for (const { value } of values) await structures.read(value.value).catch(() => undefined);
        if (isOver) return;
        count -= values.length;
        take(values);
      });
    },
    async end(report: Report) {
      await Promise.race([order, wait(DESCRIBED_MS, undefined, { ref: false })]);
      isOver = true;
      const cause = 'the link ended before the server had described its structures';
      if (count > 0) report.lost({ tag: null, from: since, to: Date.now(), count, cause });
    },
  };
}

/** Decodes values, and sets aside those that must be asked about before. */
const reading =
  (readers: readonly Reader[], note: ReturnType<typeof notes>) =>
  (values: readonly MonitoredItemNotification[], isClosed: Structures['closed']) => {
    const now = Date.now();
    const readings: Raw[] = [];
    const closed: MonitoredItemNotification[] = [];
    for (const notification of values) {
      const { clientHandle, value } = notification;
      const reader = readers[clientHandle];
      if (reader === undefined) continue;
      if (isClosed(value.value)) {
        closed.push(notification);
        continue;
      }
      const decoded = decode(reader, value, now);
      if (decoded.reading !== undefined) readings.push(decoded.reading);
      note(clientHandle, reader, decoded);
    }
    return { readings, closed };
  };

/** Takes note of what is wrong with a value, and of what was lost before it. */
function notes(report: Report) {
  const newest: number[] = [];
  const puzzled = new Set<number>();
  const tell = (handle: number, { kind, what, remedy }: Fault) => {
    // An address that does not fit the node's type is one fault, not one for each sample.
    const lasting = kind === 'refused address' || kind === 'malformed';
    if (!lasting || !puzzled.has(handle)) report.fault(kind, what, remedy);
    if (lasting) puzzled.add(handle);
  };
  return (handle: number, reader: Reader, { reading, fault, overflowed }: Decoded): void => {
    if (reading !== undefined && overflowed === true)
      report.lost(overflow(reader, newest[handle] ?? reading.at, reading.at));
    if (reading !== undefined) newest[handle] = reading.at;
    if (fault !== undefined) tell(handle, fault);
    else if (puzzled.size > 0) puzzled.delete(handle);
  };
}

const overflow = ({ tag }: Reader, from: number, to: number) => ({
  ...{ tag, from, to, count: null },
  cause: "the server's queue overflowed",
});

function overrun(report: Report, count: number, waiting: number): void {
  const now = Date.now();
  const cause = 'the store did not keep up';
  report.lost({ tag: null, from: now, to: now, count, cause });
  report.fault(
    'overflow',
    `${count} readings arrived while ${waiting} wait to be stored; they are lost.`,
    'Look at the database and its disk: the store does not keep up.',
  );
}
