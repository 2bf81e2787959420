import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { DiskGuard } from '../platform/disk.ts';
import type { Link } from '../sync/edge/link.ts';
import type { LedgerView } from './api/sources.ts';
import type { Source } from './plant/tag.ts';
import type { LinkEvent } from './runtime/status.ts';
import type { Writer } from './store/writer.ts';

/** Counts what happens on the links, by source. */
export function linkMetrics(registry: Registry): (source: Source, event: LinkEvent) => void {
  const registers = [registry];
  const collected = new Counter({
    name: 'penstock_readings_collected_total',
    help: 'Readings that arrived and are safe.',
    labelNames: ['source'],
    registers,
  });
  const losses = new Counter({
    name: 'penstock_links_lost_total',
    help: 'Times a link to a device was lost or could not be made.',
    labelNames: ['source'],
    registers,
  });
  const faults = new Counter({
    name: 'penstock_source_faults_total',
    help: 'What a device sent and could not be used, or what it refused.',
    labelNames: ['source', 'kind'],
    registers,
  });

  return ({ name: source }, event) => {
    if (event.type === 'contact') collected.inc({ source }, event.readings);
    else if (event.type === 'lost') losses.inc({ source });
    else if (event.type === 'fault') faults.inc({ source, kind: event.kind }, event.count);
  };
}

/** What the store holds and what still waits for it. */
export function storeMetrics(registry: Registry, writer: Writer, disk: Pick<DiskGuard, 'view'>): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('penstock_readings_stored', 'Readings committed since the start.', () => writer.figures().stored);
  gauge(
    'penstock_spool_batches',
    'Batches that wait for the database.',
    () => writer.figures().spooledBatches,
  );
  gauge('penstock_spool_bytes', 'Bytes that wait for the database.', () => writer.figures().spooledBytes);
  gauge(
    'penstock_spool_fill_ratio',
    'How full the spool is for readings, 0 to 1.',
    () => writer.figures().spoolFill,
  );
  gauge('penstock_spool_refusing', '1 while neither database nor spool take readings.', () =>
    writer.figures().full ? 1 : 0,
  );
  gauge(
    'penstock_disk_free_bytes',
    'Free on the disk of the data folder.',
    () => disk.view()?.freeBytes ?? NaN,
  );
  gauge('penstock_disk_size_bytes', 'The disk of the data folder.', () => disk.view()?.totalBytes ?? NaN);
  gauge(
    'penstock_ballast_bytes',
    'Held back for a full disk; 0 once it was needed.',
    () => disk.view()?.ballastBytes ?? NaN,
  );
  gauge(
    'penstock_store_gaps',
    'Pieces put aside because they cannot be stored.',
    () => writer.figures().gaps,
  );
}

/** What waits for the centre, and whether it is there. */
export function centreMetrics(registry: Registry, link: Pick<Link, 'state'>): void {
  const registers = [registry];
  new Gauge({
    name: 'penstock_outbox_segments',
    help: 'Segments that the centre has not acknowledged.',
    registers,
    collect() {
      this.set(link.state().waiting);
    },
  });
  new Gauge({
    name: 'penstock_centre_connected',
    help: '1 while the centre takes what is sent.',
    registers,
    collect() {
      this.set(link.state().state === 'connected' ? 1 : 0);
    },
  });
}

const PLACES = [
  'collected',
  'stored',
  'thinned',
  'duplicate',
  'quarantined',
  'spooled',
  'pending',
  'lost',
] as const;

/** The ledger of each source, and how old its readings are when they arrive: looked at once for each scrape. */
export function ledgerMetrics(registry: Registry, look: () => readonly LedgerView[]): void {
  new Gauge({
    name: 'penstock_ledger_readings',
    help: 'Readings since the start by where they are: collected is the sum of all but lost.',
    labelNames: ['source', 'place'],
    registers: [registry],
    collect() {
      this.reset();
      age.reset();
      for (const view of look()) {
        const { source, stalenessP99Ms } = view;
        for (const place of PLACES) this.set({ source, place }, view[place]);
        if (stalenessP99Ms !== null) age.set({ source }, stalenessP99Ms / 1000);
      }
    },
  });
  // A scrape asks in the order of registration: what this one says was set by the one before.
  const age = new Gauge({
    name: 'penstock_reading_staleness_p99_seconds',
    help: 'The age of readings at their arrival, 99th percentile of the last minute.',
    labelNames: ['source'],
    registers: [registry],
  });
}
