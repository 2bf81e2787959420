import { VERSION } from '../platform/version.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Link } from '../sync/edge/link.ts';
import type { SystemView } from './api/system.ts';
import type { Parts } from './health.ts';
import { selectDatabaseBytes } from './store/size.ts';

export interface SystemOptions extends Parts {
  readonly metrics: Metrics;
  readonly startedAt: Date;
  readonly transport: () => string;
}

/** The system page's figures. The database's size is 0 while it is away. */
export async function systemView({
  db,
  writer,
  link,
  metrics,
  startedAt,
  transport,
}: SystemOptions): Promise<SystemView> {
  const { engine = 'unknown', server = 'unknown', timescaledb = null } = db.edition ?? {};
  const { stored, readingsPerSecond, spooledBatches, spooledBytes, gaps } = writer.figures();
  return {
    version: VERSION,
    node: process.version,
    transport: transport(),
    startedAt: startedAt.toISOString(),
    database: { engine, server, timescaledb, bytes: db.available ? await selectDatabaseBytes(db) : 0 },
    store: { readings: stored, readingsPerSecond, spooledBatches, spooledBytes, gaps },
    centre: centreOf(link),
    memoryBytes: process.memoryUsage.rss(),
    eventLoopDelayMs: metrics.eventLoopDelayMs,
  };
}

function centreOf(link: Link | null): SystemView['centre'] {
  if (link === null) {
    return { state: 'not configured', url: null, waiting: 0, lastAcknowledged: null, lastError: null };
  }
  return link.state();
}
