import type { User } from '../web/route.ts';
import type { WebRequest } from '../web/server.ts';
import type { Actor } from './store/audit.ts';

/** Who the audit trail names for a call of a route. */
export const actorOf = (call: {
  readonly user: User | null;
  readonly request: Pick<WebRequest, 'remoteAddress'>;
  readonly correlationId: string;
}): Actor => ({
  who: call.user?.name ?? null,
  address: call.request.remoteAddress,
  correlationId: call.correlationId,
});
