import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

export interface WebMetrics {
  answered(route: string, request: { method: string; status: number; ms: number }): void;
}

/** What the web server tells Prometheus. */
export function webMetrics(registry: Registry, sockets: () => number): WebMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'penstock_http_requests_total',
    help: 'Requests answered, by route and status.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'penstock_http_request_duration_seconds',
    help: 'Time from the head of a request to its answer, by route.',
    labelNames: ['route'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
    registers,
  });
  new Gauge({
    name: 'penstock_live_sockets',
    help: 'Open live sockets.',
    registers,
    collect() {
      this.set(sockets());
    },
  });
  return {
    answered(route, { method, status, ms }) {
      requests.inc({ method, route, status });
      seconds.observe({ route }, ms / 1000);
    },
  };
}
