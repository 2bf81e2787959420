import { route } from '../../platform/web/route.ts';
import { SystemView } from '../api/system.ts';

/** What an administrator asks first. `look` gathers it from all parts. */
export const system = (look: () => Promise<SystemView>) => [
  route({
    method: 'GET',
    path: '/api/v1/system',
    role: 'viewer',
    summary: 'Versions, store, centre and memory.',
    answer: SystemView,
    handle: look,
  }),
];
