import type { FaultKind, Report } from '../../collectors/collector.ts';
import type { Logger } from '../../platform/log.ts';
import type { Faults } from './messages.ts';

const SEND_EVERY_MS = 500;
const LOG_EVERY_MS = 60_000;

/** In the worker: counts faults, so that a device that sends ten thousand a second costs two messages a second. */
export function faultCounter(send: (faults: readonly Faults[]) => void): { count: Report['fault'] } {
  const pending = new Map<FaultKind, Faults>();
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    timer = undefined;
    send([...pending.values()]);
    pending.clear();
  };
  return {
    count(kind, what, remedy) {
      pending.set(kind, { kind, what, remedy, count: (pending.get(kind)?.count ?? 0) + 1 });
      timer ??= setTimeout(flush, SEND_EVERY_MS);
    },
  };
}

/** In the gateway: one line a minute for each kind, with the number of those before it. */
export function faultLog(log: Logger): (faults: Faults, now: number) => void {
  const kinds = new Map<FaultKind, { loggedAt: number; unlogged: number }>();
  return ({ kind, count, what, remedy }, now) => {
    const { loggedAt, unlogged } = kinds.get(kind) ?? { loggedAt: -Infinity, unlogged: 0 };
    if (now - loggedAt < LOG_EVERY_MS) {
      kinds.set(kind, { loggedAt, unlogged: unlogged + count });
      return;
    }
    kinds.set(kind, { loggedAt: now, unlogged: 0 });
    log.warn({ kind, remedy, count: unlogged + count }, what);
  };
}
