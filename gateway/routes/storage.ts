import { route } from '../../platform/web/route.ts';
import { StorageView } from '../api/storage.ts';

/** What is kept and how much of it. `look` gathers it from all parts. */
export const storageRoutes = (look: () => Promise<StorageView>) => [
  route({
    method: 'GET',
    path: '/api/v1/storage',
    role: 'viewer',
    summary: 'Size, growth, retention, compression, spool, disk and what waits for the centre.',
    answer: StorageView,
    handle: look,
  }),
];
