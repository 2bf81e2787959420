import type {
  AcknowledgeOrder,
  AcknowledgeOutcome,
  BrowseRequest,
  CallOutcome,
  Gap,
  Places,
  WriteOrder,
  WriteOutcome,
} from '../../collectors/collector.ts';
import { ThreadEnded } from '../../platform/thread.ts';
import type { Remote } from '../../platform/thread.ts';
import type { Capability, MethodCall, WorkerSide } from './messages.ts';

/** Why a source does not do what it was asked for. A driver's own refusal is an error of its own. */
export class Unable extends Error {
  override name = 'Unable';
  /** `no answer`: it may or may not have been done. */
  readonly why: 'cannot' | 'not running' | 'no answer';

  constructor(why: Unable['why'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.why = why;
  }
}

/** Whether what failed so may have been done all the same. Any other failure says that nothing was sent. */
export const isDoubtful = (err: unknown): boolean =>
  err instanceof ThreadEnded || (err instanceof Unable && err.why === 'no answer');

/** What a running source can be asked for. Each rejects with `Unable`, or with what the driver says. */
export interface Abilities {
  capabilities(): readonly Capability[];
  browse(request: BrowseRequest): Promise<Places>;
  write(orders: readonly WriteOrder[]): Promise<readonly WriteOutcome[]>;
  invoke(call: MethodCall): Promise<CallOutcome>;
  acknowledge(order: AcknowledgeOrder): Promise<AcknowledgeOutcome>;
  readHistory(gap: Gap): Promise<{ readonly readings: number }>;
}

const BROWSE_MS = 20_000;
const WRITE_MS = 15_000;
const HISTORY_MS = 30 * 60_000;
/** An answer may take this much longer than the driver was given. */
const GRACE_MS = 500;

/** What a source is asked by: its driver may not run yet. */
export interface Line {
  readonly able: readonly Capability[];
  readonly remote: Remote<WorkerSide> | undefined;
}

export function asking({ id, name }: { id: number; name: string }, line: () => Line): Abilities {
  const ask = <T>(
    capability: Capability,
    withinMs: number,
    call: (remote: Remote<WorkerSide>) => Promise<T>,
  ): Promise<T> => {
    const { able, remote } = line();
    if (remote === undefined)
      return Promise.reject(new Unable('not running', `The source '${name}' does not run. Start it first.`));
    if (able.length > 0 && !able.includes(capability))
      return Promise.reject(new Unable('cannot', `The source '${name}' cannot do this (${capability}).`));
    return inTime(name, withinMs, () => call(remote));
  };
  return {
    capabilities: () => line().able,
    browse: (request) => ask('browse', BROWSE_MS, (remote) => remote.browse(id, BROWSE_MS, request)),
    write: (orders) => ask('write', WRITE_MS, (remote) => remote.write(id, WRITE_MS, orders)),
    invoke: (call) => ask('invoke', WRITE_MS, (remote) => remote.invoke(id, WRITE_MS, call)),
    acknowledge: (order) => ask('acknowledge', WRITE_MS, (remote) => remote.acknowledge(id, WRITE_MS, order)),
    readHistory: (gap) => ask('readHistory', HISTORY_MS, (remote) => remote.readHistory(id, HISTORY_MS, gap)),
  };
}

/** What is not there in time, however it ends, was not answered. */
export async function inTime<T>(name: string, withinMs: number, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const late = (cause?: unknown) =>
    new Unable('no answer', `'${name}' did not answer within ${withinMs / 1000} s.`, { cause });
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), withinMs + GRACE_MS);
  });
  try {
    return await Promise.race([work(), timeout]);
  } catch (err) {
    if (err instanceof Unable || performance.now() - begun < withinMs) throw err;
    throw late(err);
  } finally {
    clearTimeout(timer);
  }
}
