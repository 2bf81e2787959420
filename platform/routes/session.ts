import { actorOf } from '../access/actor.ts';
import type { Access, SignedIn } from '../access/access.ts';
import { Credentials, SessionState, SetUp } from '../api/session.ts';
import { PasswordChange } from '../api/users.ts';
import { Problem } from '../web/problem.ts';
import { jsonAnswer, Reply, route } from '../web/route.ts';
import type { User } from '../web/route.ts';

/** What the first page is told about the daemon. */
export type About = Pick<SessionState, 'daemon' | 'title' | 'timeZone'>;

/** Set-up, signing in and out, and one's own password. `about` is asked each time: the title may change. */
export const sessionRoutes = (access: Access, about: () => About) => [
  ...signInRoutes(access, about),
  route({
    method: 'DELETE',
    path: '/api/v1/session',
    role: 'public',
    summary: 'Signs out.',
    async handle(call) {
      const cookie = await access.signOut(actorOf(call), call.request);
      return new Reply({ status: 204, headers: { 'set-cookie': cookie } });
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v1/session/password',
    role: 'viewer',
    summary: "Changes one's own password, and ends one's other sessions.",
    body: PasswordChange,
    handle: ({ body, ...call }) => access.changeOwnPassword(actorOf(call), call.user, body, call.request),
  }),
];

const signInRoutes = (access: Access, about: () => About) => {
  const stateOf = (user: User | null, setUpNeeded: boolean): SessionState => ({
    setUpNeeded,
    user: user === null ? null : { id: user.id, name: user.name, role: user.role },
    ...about(),
  });
  const signedIn = ({ user, cookie }: SignedIn, status: number) => {
    const answer = jsonAnswer(stateOf(user, false), status);
    return new Reply({ ...answer, headers: { ...answer.headers, 'set-cookie': cookie } });
  };
  return [
    route({
      method: 'GET',
      path: '/api/v1/session',
      role: 'public',
      summary: 'Who is signed in, and what this daemon is.',
      answer: SessionState,
      async handle({ request }) {
        const user = await access.authenticate(request).catch(nobodyIf401);
        return stateOf(user, user === null && (await access.setUpNeeded()));
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/session',
      role: 'public',
      summary: 'Signs in.',
      body: Credentials,
      answer: SessionState,
      handle: async ({ body, ...call }) =>
        signedIn(await access.signIn(actorOf(call), body, call.request), 200),
    }),
    route({
      method: 'POST',
      path: '/api/v1/setup',
      role: 'public',
      summary: 'Makes the first administrator, and signs in.',
      body: SetUp,
      status: 201,
      answer: SessionState,
      handle: async ({ body, ...call }) => signedIn(await access.setUp(actorOf(call), body), 201),
    }),
  ];
};

const nobodyIf401 = (err: unknown): null => {
  if (err instanceof Problem && err.details.status === 401) return null;
  throw err;
};
