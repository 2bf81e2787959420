import type { HealthCheck } from '../../platform/api/health.ts';
import type { ClusterView, PollerView } from './api/clusters.ts';
import type { BreakerView } from './slurm/breaker.ts';
import type { Cluster } from './slurm/cluster.ts';
import type { countOpenAttempts } from './store/attempts.ts';

type Counts = Awaited<ReturnType<typeof countOpenAttempts>>;

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
const breakerView = (view: BreakerView): ClusterView['breaker'] => ({ ...view, retryAt: iso(view.retryAt) });

const countsOf = (counts: Counts, name: string): Record<string, number> =>
  Object.fromEntries(counts.filter(({ executor }) => executor === name).map(({ state, n }) => [state, n]));

const ENDED = ['COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT', 'OUT_OF_MEMORY', 'NODE_FAIL'];

interface Of {
  readonly cluster: Cluster;
  readonly counts: Counts;
  /** Keys of the attempts under way. */
  readonly open: ReadonlySet<string>;
}

export function clusterView({ cluster, counts, open }: Of): ClusterView {
  const { name, host, user, partitions } = cluster.config;
  const { breaker, lastGoodPollAt, pollTookMs, facts, jobs } = cluster.state();
  return {
    ...{ name, host, user, partitions, pollTookMs },
    breaker: breakerView(breaker),
    lastGoodPollAt: iso(lastGoodPollAt),
    version: facts?.version ?? null,
    accounting: facts?.accounting ?? null,
    attempts: countsOf(counts, name),
    orphans: jobs
      .filter((job) => !open.has(job.name) && !ENDED.includes(job.state))
      .map((job) => ({ job: job.id, name: job.name, state: job.state })),
  };
}

/** How fresh a cluster's jobs are, as /health tells of it. */
export function clusterCheck(cluster: Cluster, now = Date.now()): HealthCheck {
  const { breaker, lastGoodPollAt } = cluster.state();
  const details = { breaker: breaker.state, lastGoodPollAgeMs: age(lastGoodPollAt, now) };
  if (breaker.state !== 'closed')
    return {
      status: 'degraded',
      message: `The cluster is away; what runs there is not followed, and nothing new is sent. ${breaker.problem ?? ''}`,
      details,
    };
  if (lastGoodPollAt === null)
    return {
      status: breaker.failures === 0 ? 'ok' : 'degraded',
      message: 'It has not answered yet.',
      details,
    };
  const { pollMs, commandMs } = cluster.config;
  if (now - lastGoodPollAt > 3 * pollMs + commandMs)
    return { status: 'degraded', message: 'The cluster has not been polled well for long.', details };
  return { status: 'ok', message: 'The cluster answers.', details };
}

const age = (at: number | null, now: number): number | null => (at === null ? null : now - at);

export function pollerView(clusters: readonly Cluster[], counts: Counts, now: number): PollerView {
  const degraded = clusters.some((one) => clusterCheck(one, now).status !== 'ok');
  return {
    status: degraded ? 'degraded' : 'ok',
    clusters: clusters.map((one) => {
      const { breaker, lastGoodPollAt, pollTookMs } = one.state();
      return {
        ...{ name: one.config.name, breaker: breakerView(breaker), pollTookMs },
        lastGoodPollAgeMs: age(lastGoodPollAt, now),
        jobs: countsOf(counts, one.config.name),
      };
    }),
  };
}
