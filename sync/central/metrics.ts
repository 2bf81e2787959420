import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Acknowledgement } from '../wire.ts';
import type { Arrival } from './store/ledger.ts';

/** What the links of the sites tell Prometheus. */
export interface SyncMetrics {
  /** Segments in quarantine, as last counted, and those that came since. */
  quarantined: number;
  received(arrival: Arrival, answer: Acknowledgement): void;
}

export function syncMetrics(registry: Registry): SyncMetrics {
  const registers = [registry];
  const segments = new Counter({
    name: 'penstock_sync_segments_total',
    help: 'Segments of sites that were acknowledged, by stream and outcome.',
    labelNames: ['stream', 'outcome'],
    registers,
  });
  const bytes = new Counter({
    name: 'penstock_sync_bytes_total',
    help: 'Payload bytes of sites, repeated ones included.',
    labelNames: ['stream'],
    registers,
  });
  new Gauge({
    name: 'penstock_sync_quarantined_segments',
    help: 'Segments that could not be read and are kept for a person.',
    registers,
    collect() {
      this.set(metrics.quarantined);
    },
  });
  const metrics: SyncMetrics = {
    quarantined: 0,
    received({ segment: { stream }, payload }, { state }) {
      segments.inc({ stream, outcome: state });
      bytes.inc({ stream }, payload.byteLength);
      if (state === 'quarantined') metrics.quarantined += 1;
    },
  };
  return metrics;
}
