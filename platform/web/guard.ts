import { allows } from '../access/roles.ts';
import type { Role } from '../api/session.ts';
import { isOwnOrigin } from './origin.ts';
import { Problem } from './problem.ts';
import type { RouteRole, User } from './route.ts';
import type { WebRequest } from './server.ts';

/** Knows who sends a request. */
export interface Guard {
  /** Null: nobody who is signed in. Rejects with a `Problem` for a token that is not good. */
  authenticate(request: WebRequest): Promise<User | null>;
}

const SAFE = new Set(['GET', 'HEAD']);

/** The user who may do this, or a `Problem`: 401, or 403. Public routes have none. */
export async function admit(guard: Guard, request: WebRequest, role: RouteRole): Promise<User | null> {
  if (!SAFE.has(request.method)) refuseForeign(request);
  return role === 'public' ? null : await requireRole(guard, request, role);
}

/** The same for a WebSocket, which a foreign page may open like any request. */
export async function admitSocket(guard: Guard, request: WebRequest, role: Role): Promise<User> {
  refuseForeign(request);
  return requireRole(guard, request, role);
}

async function requireRole(guard: Guard, request: WebRequest, role: Role): Promise<User> {
  const user = await guard.authenticate(request);
  if (user === null)
    throw new Problem({
      status: 401,
      detail: 'Sign in first, or send an API token.',
      headers: { 'www-authenticate': 'Bearer' },
    });
  if (!allows(user.role, role))
    throw new Problem({
      status: 403,
      detail: `This needs the role ${role}; ${user.name} has the role ${user.role}.`,
    });
  return user;
}

function refuseForeign(request: WebRequest): void {
  if (!isOwnOrigin(request))
    throw new Problem({
      status: 403,
      detail:
        'The request comes from a page of another site. Open the screens at the address of this daemon.',
    });
}
