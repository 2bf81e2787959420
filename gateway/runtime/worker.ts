import { AsyncLocalStorage } from 'node:async_hooks';
import type { Collector, Emit, KnownLoss, Plan, Report } from '../../collectors/collector.ts';
import { load } from '../../collectors/protocols.ts';
import { createLog } from '../../platform/log.ts';
import { assigned, serve } from '../../platform/thread.ts';
import { faultCounter } from './faults.ts';
import { inFlight } from './in-flight.ts';
import { CAPABILITIES } from './messages.ts';
import type { Capability, GatewaySide, HostData, WorkerSide } from './messages.ts';
import { pack } from './packed.ts';
import { timeLimit } from '../../platform/time-limit.ts';

// The entry of a host of drivers, a thread or a process: it loads its own protocol and no other.
const { protocol: name, traces } = assigned() as HostData;
const protocol = await load(name);

/** Batches of one source that are not yet safe. A driver that is faster has to wait, and no other with it. */
const UNSETTLED_BATCHES = 8;

interface Driver {
  readonly collector: Collector;
  readonly stop: AbortController;
}
/** The newest of each source: it stays after its run, to say what is wrong to who asks. */
const drivers = new Map<number, Driver>();
const reports = new Map<number, Report>();

/** Nobody waits for an answer to these: when the gateway is gone, so is this host. */
const tell = (told: Promise<unknown>): void => void told.catch(() => undefined);

const whose = new AsyncLocalStorage<number>();
const inTheNameOf = <T>(source: number, work: () => Promise<T>): Promise<T> =>
  traces ? whose.run(source, work) : work();
process.on('uncaughtExceptionMonitor', () => {
  const source = whose.getStore();
  if (source !== undefined) tell(gateway.blame(source));
});

const emitter = (source: number, late: boolean): Emit =>
  inFlight((batch) => gateway.emit(source, pack(batch), late), UNSETTLED_BATCHES);

function reportOf(source: number): Report {
  const known = reports.get(source);
  if (known !== undefined) return known;
  const report: Report = {
    log: createLog(name, 'info', { write: (line: string) => tell(gateway.log(source, line)) }),
    fault: faultCounter((counted) => tell(gateway.faults(source, counted))).count,
    lost: (loss: KnownLoss) => tell(gateway.lost(source, loss)),
    conditions: (news) => gateway.conditions(source, news),
  };
  reports.set(source, report);
  return report;
}

/** Nobody is told what a plan that runs nowhere has to say, but by the steps of its test. */
const SILENT: Report = {
  log: createLog(name, 'silent'),
  ...{ fault: () => undefined, lost: () => undefined, conditions: () => Promise.resolve() },
};

function open(source: number, plan: Plan<unknown, unknown>): Driver {
  drivers.get(source)?.stop.abort();
  const driver = { collector: protocol.open(plan, reportOf(source)), stop: new AbortController() };
  drivers.set(source, driver);
  const can = (capability: Capability) => driver.collector[capability] !== undefined;
  tell(gateway.able(source, CAPABILITIES.filter(can)));
  return driver;
}

/** Asks the driver of a source for something, which ends with its run. */
function ask<T>(
  source: number,
  withinMs: number,
  what: (collector: Collector, signal: AbortSignal) => Promise<T> | undefined,
): Promise<T> {
  const driver = drivers.get(source);
  if (driver === undefined) throw new Error('The source is not connected yet.');
  const signal = timeLimit(withinMs, driver.stop.signal);
  return inTheNameOf(source, async () => {
    const answer = what(driver.collector, signal);
    if (answer === undefined) throw new Error(`The protocol '${name}' cannot do this.`);
    return await answer;
  });
}

const gateway = serve<GatewaySide>({
  run: (source, plan) =>
    inTheNameOf(source, async () => {
      const { collector, stop } = open(source, plan);
      await collector.run(emitter(source, false), stop.signal);
    }),
  stop: (source) => drivers.get(source)?.stop.abort(),
  ping: () => undefined,
  async test(plan, withinMs) {
    const signal = timeLimit(withinMs);
    const steps = await protocol.open(plan, SILENT).test?.(signal);
    if (steps === undefined) throw new Error(`The protocol '${name}' has no test.`);
    return steps;
  },
  browse: (source, ms, request) => ask(source, ms, (driver, signal) => driver.browse?.(request, signal)),
  write: (source, ms, orders) => ask(source, ms, (driver, signal) => driver.write?.(orders, signal)),
  invoke: (source, ms, call) => ask(source, ms, (driver, signal) => driver.invoke?.(call, signal)),
  acknowledge: (source, ms, order) =>
    ask(source, ms, (driver, signal) => driver.acknowledge?.(order, signal)),
  readHistory: (source, ms, gap) =>
    ask(source, ms, (driver, signal) => driver.readHistory?.(gap, emitter(source, true), signal)),
} satisfies WorkerSide);
