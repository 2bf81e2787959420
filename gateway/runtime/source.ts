import { randomUUID } from 'node:crypto';
import timers from 'node:timers/promises';
import type { Collector, ConditionNews, Emit, Gap, Plan } from '../../collectors/collector.ts';
import { schemas } from '../../collectors/protocols.ts';
import type { ProtocolName } from '../../collectors/protocols.ts';
import type { Logger } from '../../platform/log.ts';
import { asking } from './ask.ts';
import type { Abilities } from './ask.ts';
import { gapFiller } from './backfill.ts';
import { faultLog } from './faults.ts';
import type { Host } from './host.ts';
import type { GuestEars, Hosts, Seat } from './hosts.ts';
import type { Capability } from './messages.ts';
import { relay } from './relay.ts';
import type { LinkEvent } from './status.ts';
import { supervise } from './supervise.ts';

export interface Source {
  readonly id: number;
  readonly name: string;
  readonly protocol: ProtocolName;
  readonly plan: Plan<unknown, unknown>;
  /** When an earlier run last heard the device: what it recorded since is asked for. */
  readonly heardAt?: number | null;
}

export interface Ears {
  /** Settles when the batch is safe. */
  readonly emit: Emit;
  /** The same for what comes from a device's own history. */
  readonly late: Emit;
  /** What the device says of its own alarms. Settles when it is safe. */
  readonly conditions?: (news: ConditionNews) => Promise<void>;
  /** Called at every sign of life, loss and fault. */
  readonly observe: (event: LinkEvent) => void;
}

/** A source that collects. */
export interface RunningSource extends Abilities {
  /** Settles when the source has stopped. */
  readonly done: Promise<void>;
}

/** Where sources run, and who is told. */
export interface Place {
  readonly hosts: Hosts;
  readonly log: Logger;
}

/** A driver may take this long to hand over what it has when it is told to stop. */
const GOODBYE_MS = 2_500;

/** What is known of a source while it runs. */
interface State {
  emit: Emit;
  startingIn: Host | null;
  lastContact: number | null;
  /** Since when the device has not been heard, where it was heard before. */
  gapFrom: number | null;
  able: readonly Capability[];
}

/**
 * Collects from one source until `signal` aborts, in a host that it shares with others of its protocol. The host
 * outlives a lost link, and is started again by the same loop when it dies.
 */
export function startSource(
  source: Source,
  ears: Ears,
  { hosts, log }: Place,
  signal: AbortSignal,
): RunningSource {
  const own = log.child({ source: source.name });
  const home = schemas[source.protocol].home?.(source.plan.config) ?? 'thread';
  const state: State = {
    ...{ emit: ears.emit, startingIn: null, able: [] },
    ...{ lastContact: source.heardAt ?? null, gapFrom: source.heardAt ?? null },
  };
  let seat: Seat | undefined;
  const abilities = asking(source, () => ({ able: state.able, remote: seat?.host().remote }));
  const fill = gapFiller({ ...abilities, observe: ears.observe, log: own, signal });
  const guestEars = listen(state, ears, fill, own);

  const run = async () => {
    await using taken = hosts.take({ ...source, home, startingIn: () => state.startingIn, ears: guestEars });
    seat = taken;
    await supervise(collectorIn(taken, source, state, ears), ears.emit, own, signal);
    seat = undefined;
  };
  return { ...abilities, done: run() };
}

function collectorIn(seat: Seat, source: Source, state: State, { observe }: Ears): Collector {
  return {
    async run(emit, signal) {
      state.emit = emit;
      const host = seat.host();
      state.startingIn = host;
      try {
        await collect(host, source, signal);
      } catch (err) {
        state.gapFrom ??= state.lastContact;
        if (!signal.aborted) observe({ type: 'lost', error: messageOf(err) });
        throw err;
      }
    },
  };
}

/** What the driver of a source says, where it belongs. */
function listen(state: State, ears: Ears, fill: (gap: Gap) => void, log: Logger): GuestEars {
  const logFault = faultLog(log);
  const contact = (now: number) => {
    state.startingIn = null;
    state.lastContact = now;
    // The clock may have been set back meanwhile.
    if (state.gapFrom !== null) fill({ from: Math.min(state.gapFrom, now), to: now });
    state.gapFrom = null;
  };
  return {
    emit(batch, late) {
      ears.observe({ type: 'contact', readings: batch.length });
      if (late) return ears.late(batch);
      contact(Date.now());
      return state.emit(batch);
    },
    log: (line) => relay(line, log),
    lost: (loss) => ears.observe({ type: 'missing', key: randomUUID(), loss, recovered: 0 }),
    conditions: (news) => ears.conditions?.(news) ?? Promise.resolve(),
    able: (capabilities) => void (state.able = capabilities),
    faults(faults) {
      for (const fault of faults) {
        ears.observe({ type: 'fault', kind: fault.kind, count: fault.count, what: fault.what });
        logFault(fault, Date.now());
      }
    },
  };
}

/** One run of the driver in its host. A driver that does not stop takes its host with it. */
async function collect(host: Host, { id, plan }: Source, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const running = host.remote.run(id, plan);
  try {
    await Promise.race([running, farewell(host, id, signal, over.signal)]);
  } finally {
    over.abort();
    running.catch(() => undefined);
  }
}

/** Tells the driver to stop when `signal` aborts, and ends its host when it has had its time for that. */
async function farewell(host: Host, id: number, signal: AbortSignal, over: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over });
  });
  await host.remote.stop(id);
  await timers.setTimeout(GOODBYE_MS, undefined, { signal: over });
  await host[Symbol.asyncDispose]();
}

const messageOf = (err: unknown): string => (err instanceof Error ? err.message : String(err));
