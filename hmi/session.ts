import { computed, effect, signal } from '@preact/signals';
import type { Credentials, Role, SessionState, SetUp } from '../platform/api/session.ts';
import { call, Problem, refusals } from './api.ts';
import { link } from './live.ts';

export type { Role, SessionState };

const roles: readonly Role[] = ['viewer', 'operator', 'engineer', 'administrator'];

const known = signal<SessionState | null>(null);
const failure = signal<Problem | null>(null);

/** Null until the daemon has answered for the first time. */
export const session = computed(() => known.value);
/** Why the daemon's answer is not there. */
export const sessionProblem = computed(() => failure.value);
export const user = computed(() => known.value?.user ?? null);
/** IANA name of the site's zone: times on the screens are the site's, wherever the viewer sits. */
export const timeZone = computed(() => known.value?.timeZone ?? 'UTC');

/** Asks who is signed in. Keeps the last answer where none comes. */
export async function refreshSession(): Promise<void> {
  try {
    known.value = await call<SessionState>('/api/v1/session');
    failure.value = null;
  } catch (err) {
    if (!(err instanceof Problem)) throw err;
    failure.value = err;
  }
}

/** Looks again whenever an answer said that the session is over. */
export const watchSession = (): (() => void) =>
  effect(() => {
    if (refusals.value > 0) void refreshSession();
  });

export async function signIn(credentials: Credentials): Promise<void> {
  await call('/api/v1/session', { method: 'POST', body: credentials });
  await refreshSession();
}

export async function signOut(): Promise<void> {
  await call('/api/v1/session', { method: 'DELETE' });
  await refreshSession();
}

export async function setUp(first: SetUp): Promise<void> {
  await call('/api/v1/setup', { method: 'POST', body: first });
  await refreshSession();
}

const rank = (role: Role): number => roles.indexOf(role);

/** Whether who is signed in has at least this role. Reads signals: call it while rendering. */
export const isAtLeast = (needed: Role): boolean => {
  const mine = user.value?.role;
  return mine !== undefined && rank(mine) >= rank(needed);
};

/** Why a command of that role may not be given now; null when it may. Reads signals: call it while rendering. */
export function hindrance(needed: Role): 'no link' | 'role' | null {
  if (link.value.state === 'lost') return 'no link';
  return isAtLeast(needed) ? null : 'role';
}
