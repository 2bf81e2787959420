import { workerData } from 'node:worker_threads';
import type { Emit, KnownLoss } from '../../collectors/collector.ts';
import { load } from '../../collectors/protocols.ts';
import { createLog } from '../../platform/log.ts';
import { serve } from '../../platform/thread.ts';
import { faultCounter } from './faults.ts';
import { inFlight } from './in-flight.ts';
import type { Assignment, GatewaySide, WorkerSide } from './messages.ts';

// The entry of a source's thread: it loads its own protocol and no other.
const { data } = workerData as { data: Assignment };
const protocol = await load(data.protocol);

/** Batches that are not yet safe. A driver that is faster has to wait. */
const UNSETTLED_BATCHES = 8;

let current = new AbortController();

const gateway = serve<GatewaySide>({
  async run() {
    current = new AbortController();
    const emit: Emit = inFlight((batch) => gateway.emit(batch), UNSETTLED_BATCHES);
    const lost = (loss: KnownLoss) => void gateway.lost(loss).catch(() => undefined);
    await protocol.open(data.plan, { log, fault: faults.count, lost }).run(emit, current.signal);
  },
  stop: () => current.abort(),
  ping: () => undefined,
} satisfies WorkerSide);

// Nobody waits for an answer here: when the gateway is gone, so is this thread.
const log = createLog(data.protocol, 'info', {
  write: (line: string) => void gateway.log(line).catch(() => undefined),
});
const faults = faultCounter((counted) => void gateway.faults(counted).catch(() => undefined));
