import type { FaultKind, KnownLoss } from '../../collectors/collector.ts';
import { clockSteps } from '../../platform/clock.ts';
import type { SourceView } from '../api/plant.ts';

/** What happens on a link. */
export type LinkEvent =
  | { readonly type: 'contact'; readonly readings: number }
  | { readonly type: 'lost'; readonly error: string }
  /** Said again, under the same key, when some of it was recovered. */
  | {
      readonly type: 'missing';
      readonly key: string;
      readonly loss: KnownLoss;
      readonly recovered: number;
    }
  | { readonly type: 'fault'; readonly kind: FaultKind; readonly count: number; readonly what: string };

/** Everything known about a link. A value: each event makes a new one. */
export interface Link {
  readonly startedAt: number;
  /** How often a healthy link shows a sign of life. */
  readonly contactMs: number;
  readonly lastContact: number | null;
  /** Since when one contact followed another in time. */
  readonly connectedSince: number;
  readonly lostAt: number | null;
  readonly lastError: string | null;
  readonly reconnects: number;
  readonly collected: number;
  readonly faults: Readonly<Partial<Record<FaultKind, { readonly count: number; readonly last: string }>>>;
  /** Readings by second, newest last. */
  readonly recent: readonly { readonly second: number; readonly readings: number }[];
}

export type LinkView = Pick<
  SourceView,
  | 'state'
  | 'since'
  | 'lastContact'
  | 'lastError'
  | 'readingsPerSecond'
  | 'collected'
  | 'faults'
  | 'reconnects'
>;

const SHORTEST_MS = 3_000;
/** The rate is the mean of so many whole seconds. */
const RATE_SECONDS = 10;

export const startedLink = (contactMs: number, now: number): Link => ({
  startedAt: now,
  contactMs,
  lastContact: null,
  connectedSince: now,
  lostAt: null,
  lastError: null,
  reconnects: 0,
  collected: 0,
  faults: {},
  recent: [],
});

/** The link after an event at `now`. */
export function observed(link: Link, event: LinkEvent, now: number): Link {
  switch (event.type) {
    case 'contact':
      return contacted(link, event.readings, now);
    case 'missing':
      return link;
    case 'lost':
      return { ...link, lostAt: now, lastError: event.error };
    case 'fault': {
      const count = (link.faults[event.kind]?.count ?? 0) + event.count;
      return { ...link, faults: { ...link.faults, [event.kind]: { count, last: event.what } } };
    }
  }
}

function contacted(link: Link, readings: number, now: number): Link {
  const connected = stateOf(link, now) === 'connected';
  const second = Math.floor(now / 1000);
  const newest = link.recent.at(-1);
  const recent =
    newest?.second === second
      ? [...link.recent.slice(0, -1), { second, readings: newest.readings + readings }]
      : [...link.recent.filter((one) => one.second >= second - RATE_SECONDS), { second, readings }];
  return {
    ...link,
    lastContact: now,
    lostAt: null,
    connectedSince: connected ? link.connectedSince : now,
    reconnects: link.reconnects + (link.lostAt !== null && link.lastContact !== null ? 1 : 0),
    collected: link.collected + readings,
    recent,
  };
}

/** The link as it is after this machine's clock was set by so much. */
export const shifted = (link: Link, byMs: number): Link => ({
  ...link,
  startedAt: link.startedAt + byMs,
  lastContact: link.lastContact === null ? null : link.lastContact + byMs,
  connectedSince: link.connectedSince + byMs,
  lostAt: link.lostAt === null ? null : link.lostAt + byMs,
  recent: [],
});

const limitMs = ({ contactMs }: Link): number => Math.max(2 * contactMs, SHORTEST_MS);

/** Connected is who has been heard lately (rule S1 of the displays), whatever its socket believes. */
function stateOf(link: Link, now: number): 'connecting' | 'connected' | 'stale' {
  if (link.lostAt !== null || link.lastContact === null) return 'connecting';
  return now - link.lastContact < limitMs(link) ? 'connected' : 'stale';
}

function sinceOf(link: Link, state: ReturnType<typeof stateOf>): number {
  if (state === 'connecting') return link.lostAt ?? link.startedAt;
  return state === 'connected' ? link.connectedSince : (link.lastContact ?? link.startedAt) + limitMs(link);
}

const iso = (at: number): string => new Date(at).toISOString();

/** What the screens show of a link at `now`. */
export function linkView(link: Link, now: number): LinkView {
  const state = stateOf(link, now);
  const second = Math.floor(now / 1000);
  const lately = link.recent.filter((one) => one.second < second && one.second >= second - RATE_SECONDS);
  const seconds = Math.max(1, Math.min(RATE_SECONDS, (now - link.startedAt) / 1000));
  return {
    state,
    since: iso(sinceOf(link, state)),
    lastContact: link.lastContact === null ? null : iso(link.lastContact),
    lastError: link.lastError,
    readingsPerSecond: lately.reduce((sum, one) => sum + one.readings, 0) / seconds,
    collected: link.collected,
    faults: Object.fromEntries(Object.entries(link.faults).map(([kind, { count }]) => [kind, count])),
    reconnects: link.reconnects,
  };
}

/** What the screens show of a source that is switched off. */
export const disabledView = (since: number): LinkView => ({
  ...linkView(startedLink(SHORTEST_MS, since), since),
  state: 'disabled',
});

/** A link that is kept up to date, also where the clock of this machine is set. */
export function liveLink(contactMs: number) {
  const stepped = clockSteps();
  let link = startedLink(contactMs, Date.now());
  const now = (): Link => {
    const byMs = stepped();
    if (byMs !== 0) link = shifted(link, byMs);
    return link;
  };
  return { now, observe: (event: LinkEvent) => void (link = observed(now(), event, Date.now())) };
}
