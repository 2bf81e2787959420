import { warningOf } from './warning.ts';
import type { FleetTrainingView, QuarantinedView, SiteView } from './api/fleet.ts';
import { clockState } from './contact.ts';
import type { Quarantined } from './store/quarantine.ts';
import type { SiteSummary } from './store/sites.ts';
import type { TrainingSummary } from './store/trainings.ts';

/** A site asks for messages every 25 s at least: one that has not been heard for longer is silent. */
const SILENT_MS = 60_000;

const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

function stateOf(site: SiteSummary, now: number): SiteView['state'] {
  if (site.revoked_at !== null) return 'revoked';
  if (site.enrolled_at === null) return 'invited';
  return site.last_contact !== null && now - site.last_contact.getTime() < SILENT_MS ? 'connected' : 'silent';
}

export const siteView = (site: SiteSummary, now: number): SiteView => ({
  id: site.id,
  name: site.name,
  state: stateOf(site, now),
  enrolledAt: iso(site.enrolled_at),
  lastContact: iso(site.last_contact),
  tags: site.tags,
  readings: site.readings,
  arrivedTo: iso(site.arrived_to),
  completeTo: iso(site.complete_to),
  openCells: site.open_cells,
  clock: {
    state: clockState(site.clock_ahead_ms, site.clock_synchronised),
    aheadMs: site.clock_ahead_ms,
    synchronised: site.clock_synchronised,
  },
  version: site.version,
  openAlarms: site.open_alarms,
});

export const trainingView = (training: TrainingSummary): FleetTrainingView => ({
  id: training.id,
  site: training.site,
  siteName: training.site_name,
  tagName: training.tag_name,
  kind: training.kind,
  state: training.state,
  executor: training.executor ?? '',
  orderedAt: training.ordered_at.toISOString(),
  startedAt: iso(training.started_at),
  endedAt: iso(training.ended_at),
  attempts: training.attempts,
  metrics: training.metrics ?? {},
  failure: training.failure,
  error: training.error,
  warning: warningOf(training),
  cancelledBy: training.cancel_by,
});

export const quarantinedView = ({ arrivedAt, ...row }: Quarantined): QuarantinedView => ({
  ...row,
  arrivedAt: arrivedAt.toISOString(),
});
