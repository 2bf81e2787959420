import { z } from 'zod';
import { actorOf } from '../access/actor.ts';
import type { Tokens } from '../access/tokens.ts';
import { page, PageQuery } from '../api/page.ts';
import { IssuedToken, NewToken, TokenView } from '../api/tokens.ts';
import { route } from '../web/route.ts';

/** Tokens for programs. */
export const tokenRoutes = (tokens: Tokens) => [
  route({
    method: 'GET',
    path: '/api/v1/tokens',
    role: 'administrator',
    summary: 'The API tokens, newest first, without their secrets.',
    query: PageQuery,
    answer: page(TokenView),
    handle: ({ query }) => tokens.list(query),
  }),
  route({
    method: 'POST',
    path: '/api/v1/tokens',
    role: 'administrator',
    summary: 'Issues an API token. Its secret is in this answer and nowhere else.',
    body: NewToken,
    status: 201,
    answer: IssuedToken,
    handle: ({ body, ...call }) => tokens.issue(actorOf(call), body),
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/tokens/{id}',
    role: 'administrator',
    summary: 'Revokes an API token, at once.',
    params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{12}$/, 'the twelve characters after pst_') }),
    handle: ({ params, ...call }) => tokens.revoke(actorOf(call), params.id),
  }),
];
