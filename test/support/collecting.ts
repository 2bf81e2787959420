import { pino } from 'pino';
import type {
  Collector,
  ConditionNews,
  Emit,
  FaultKind,
  KnownLoss,
  Plan,
  Point,
  Protocol,
  Report,
} from '../../collectors/collector.ts';
import type { Raw, TagId } from '../../history/reading.ts';

export interface Fault {
  readonly kind: FaultKind;
  readonly what: string;
  readonly remedy: string;
}

/** A report that remembers. */
export function aReport() {
  const faults: Fault[] = [];
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const losses: KnownLoss[] = [];
  const news: ConditionNews[] = [];
  const report: Report = {
    log,
    fault: (kind, what, remedy) => void faults.push({ kind, what, remedy }),
    lost: (loss) => void losses.push(loss),
    conditions(told) {
      news.push(told);
      return Promise.resolve();
    },
  };
  return { report, faults, lines, losses, news };
}

export const aPoint = <Address>(
  tag: number,
  address: Address,
  kind: 'number' | 'text' = 'number',
): Point<Address> => ({
  tag: tag as TagId,
  name: `tag-${tag}`,
  address,
  kind,
});

/** A running collector, with all that it emits. */
export interface Run {
  /** What else the driver can do, on this link. */
  readonly collector: Collector;
  readonly batches: (readonly Raw[])[];
  readonly faults: readonly Fault[];
  readonly losses: readonly KnownLoss[];
  readonly lines: readonly Record<string, unknown>[];
  /** Of the device's own alarms. */
  readonly news: readonly ConditionNews[];
  /** Settles when the run is over: undefined, or the reason of its end. */
  readonly ended: Promise<unknown>;
  readonly readings: () => Raw[];
  readonly of: (tag: number) => Raw[];
  readonly stop: () => Promise<unknown>;
}

/** Starts a collector of a protocol. `hold` keeps batches unsettled for as long as it does not settle. */
export function collect<Config, Address>(
  protocol: Protocol<Config, Address>,
  plan: Plan<Config, Address>,
  hold: () => Promise<void> = () => Promise.resolve(),
): Run {
  const { report, faults, lines, losses, news } = aReport();
  const batches: (readonly Raw[])[] = [];
  const stop = new AbortController();
  const emit: Emit = (batch) => {
    batches.push(batch);
    return hold();
  };
  const collector: Collector = protocol.open(plan, report);
  const ended = collector.run(emit, stop.signal).then(
    () => undefined,
    (err: unknown) => err,
  );
  return {
    collector,
    batches,
    faults,
    losses,
    lines,
    news,
    ended,
    readings: () => batches.flat(),
    of: (tag) => batches.flat().filter((raw) => raw.tag === tag),
    stop() {
      stop.abort();
      return ended;
    },
  };
}
