import type { HealthCheck } from '../../platform/api/health.ts';
import type { Database } from '../../platform/database/db.ts';

/** The database, as /health tells of it. */
export function databaseCheck(db: Database): HealthCheck {
  if (db.available) {
    const { engine = 'unknown', server = 'unknown', timescaledb = null } = db.edition ?? {};
    return { status: 'ok', message: 'The database answers.', details: { engine, server, timescaledb } };
  }
  const reason = db.problem ?? 'Its schema is being brought up to date.';
  return { status: 'failing', message: `The database is away; the sites keep what they have. ${reason}` };
}

/** What could not be read, as /health tells of it. */
export function quarantineCheck(segments: number): HealthCheck {
  if (segments === 0) return { status: 'ok', message: 'All that the sites sent could be read.' };
  return {
    status: 'degraded',
    message: `${segments} segments of sites could not be read; they are kept in the table sync_quarantine with the reason.`,
    details: { segments },
  };
}
