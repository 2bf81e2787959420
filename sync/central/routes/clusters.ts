import { page, PageQuery } from '../../../platform/api/page.ts';
import type { Database } from '../../../platform/database/db.ts';
import { route } from '../../../platform/web/route.ts';
import { ClusterView, PollerView } from '../api/clusters.ts';
import { clusterView, pollerView } from '../clusters.ts';
import type { Cluster } from '../slurm/cluster.ts';
import { countOpenAttempts, selectOpenAttempts } from '../store/attempts.ts';

/** The clusters that trainings run on. */
export const clusterRoutes = (db: Database, clusters: readonly Cluster[]) => [
  route({
    method: 'GET',
    path: '/api/v1/clusters',
    role: 'viewer',
    summary: 'The clusters that trainings run on, as configured.',
    query: PageQuery,
    answer: page(ClusterView),
    async handle({ query }) {
      const [counts, attempts] = [await countOpenAttempts(db), await selectOpenAttempts(db)];
      const open = new Set(attempts.map(({ key }) => key));
      const items = clusters
        .slice(query.offset, query.offset + query.limit)
        .map((cluster) => clusterView({ cluster, counts, open }));
      return { items, total: clusters.length, ...query };
    },
  }),
  route({
    method: 'GET',
    path: '/health/poller',
    role: 'public',
    summary: 'How fresh the states of the clusters’ jobs are.',
    answer: PollerView,
    // While the database is away only the counts are missing.
    handle: async () => pollerView(clusters, db.available ? await countOpenAttempts(db) : [], Date.now()),
  }),
];
