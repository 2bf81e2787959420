import type { HealthCheck } from '../platform/api/health.ts';
import { isClockSet } from '../platform/clock.ts';
import type { UpToDate } from '../platform/database/up-to-date.ts';
import type { DiskGuard } from '../platform/disk.ts';
import { createHealth } from '../platform/health.ts';
import type { Health } from '../platform/health.ts';
import { VERSION } from '../platform/version.ts';
import type { Link } from '../sync/edge/link.ts';
import type { GatewayConfig } from './config.ts';
import type { Current } from './current.ts';
import { unknownClasses } from './retention.ts';
import { spoolLevel } from './store/spool-level.ts';
import type { SpoolLevel } from './store/spool-level.ts';
import type { Writer } from './store/writer.ts';

export interface Parts {
  readonly db: UpToDate;
  readonly writer: Writer;
  readonly current: Current;
  readonly disk: Pick<DiskGuard, 'view'>;
  /** Null where no centre is configured. */
  readonly link: Link | null;
  readonly retention: Pick<GatewayConfig['retention'], 'classes'>;
}

/** What the gateway says of itself at /health. */
export function siteHealth({ db, writer, disk, current, link, retention }: Parts): Health {
  const health = createHealth(VERSION);
  health.add('database', () => databaseCheck(db));
  health.add('store', () => storeCheck(writer));
  health.add('disk', () => diskCheck(disk));
  health.add('clock', () => clockCheck(Date.now()));
  health.add('sources', () => sourcesCheck(current));
  health.add('retention', () => retentionCheck(current, retention));
  if (link !== null) health.add('centre', () => centreCheck(link));
  return health;
}

function databaseCheck(db: UpToDate): HealthCheck {
  if (db.available) {
    const { engine = 'unknown', server = 'unknown', timescaledb = null } = db.edition ?? {};
    return { status: 'ok', message: 'The database answers.', details: { engine, server, timescaledb } };
  }
  const reason = db.problem ?? 'Its schema is being brought up to date.';
  return { status: 'degraded', message: `The database is away; readings go to the spool. ${reason}` };
}

const LEVELS: Record<SpoolLevel, string> = {
  roomy: 'There is room for more.',
  filling: 'It fills up: over 70 % are used. Bring the database back, or give spool.maxMegabytes more room.',
  'nearly full':
    'It is nearly full: over 85 % are used, and soon no reading is acknowledged any more. Bring the database back, or give spool.maxMegabytes more room.',
};

function diskCheck(disk: Parts['disk']): HealthCheck {
  const view = disk.view();
  if (view === null)
    return {
      status: 'degraded',
      message: 'The disk of the data folder cannot be looked at. Check its permissions.',
    };
  const { state, freeBytes, totalBytes, ballastBytes } = view;
  const free = `${Math.round(freeBytes / 1024 ** 2)} MB of the disk of the data folder are free`;
  const details = { freeBytes, totalBytes, ballastBytes };
  if (state === 'full') {
    const message = `${free}, and the ballast was given up. Make room now: delete what is not needed, or set retention.maxGigabytes.`;
    return { status: 'failing', message, details };
  }
  if (state === 'low')
    return { status: 'degraded', message: `Only ${free}. Make room, or keep readings for less.`, details };
  return { status: 'ok', message: `${free}.`, details };
}

function clockCheck(now: number): HealthCheck {
  const time = new Date(now).toISOString();
  if (isClockSet(now)) return { status: 'ok', message: `The clock says ${time}.` };
  const message = `The clock says ${time}, which is past: it was not set since the power came back. What it dates is marked as uncertain. Set it, or bring its time server back.`;
  return { status: 'degraded', message };
}

function storeCheck(writer: Writer): HealthCheck {
  const { spooledBatches, spooledBytes, spoolMaxBytes, spoolFill, full } = writer.figures();
  const details = { spooledBatches, spooledBytes, spoolMaxBytes };
  const remedy = 'Bring the database back, or give spool.maxMegabytes more room.';
  if (full) {
    const message = `The spool is full: no reading is acknowledged to the devices any more. ${remedy}`;
    return { status: 'failing', message, details };
  }
  if (spooledBatches > 0) {
    const wait = `${spooledBatches} batches wait in the spool for the database.`;
    return { status: 'degraded', message: `${wait} ${LEVELS[spoolLevel(spoolFill)]}`, details };
  }
  return { status: 'ok', message: 'All that was collected is in the database.', details };
}

function sourcesCheck(current: Current): HealthCheck {
  if (!current.started)
    return { status: 'failing', message: 'No plant is known yet: the gateway waits for its database.' };
  const sources = current.operation().sources();
  if (sources.length === 0) {
    return {
      status: 'degraded',
      message: "There are no sources. 'penstock import plant.yaml' reads a plant model.",
    };
  }
  const silent = sources.filter(({ state }) => state === 'connecting' || state === 'stale');
  if (silent.length === 0) return { status: 'ok', message: `All ${sources.length} sources are connected.` };
  const named = silent.map(
    ({ name, endpoint, lastError }) => `${name} (${endpoint}${lastError === null ? '' : `: ${lastError}`})`,
  );
  return { status: 'degraded', message: `Not connected: ${named.join('; ')}.` };
}

function retentionCheck(current: Current, retention: Parts['retention']): HealthCheck {
  const unknown = unknownClasses(retention, current.started ? current.operation().plant.tags : []);
  if (unknown.length === 0)
    return { status: 'ok', message: 'Each class of retention that a tag names is there.' };
  const named = unknown.map(({ name, tags }) => `'${name}' (${tags} tags)`).join(', ');
  return {
    status: 'degraded',
    message: `Tags name classes of retention that the configuration does not have: ${named}. They are kept as all others. Add them under retention.classes, or change these tags.`,
  };
}

function centreCheck(link: Link): HealthCheck {
  const { state, url, waiting, lastError } = link.state();
  if (state === 'connected') return { status: 'ok', message: `Connected to ${url}.`, details: { waiting } };
  const why = lastError === null ? '' : ` ${lastError}`;
  return {
    status: 'degraded',
    message: `The centre at ${url} is ${state}; ${waiting} segments wait.${why}`,
    details: { waiting },
  };
}
