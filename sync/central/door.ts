import type { z } from 'zod';
import type { Db } from '../../platform/database/db.ts';
import { Problem } from '../../platform/web/problem.ts';
import type { WebRequest } from '../../platform/web/server.ts';
import { checkContent, SignatureRefused } from '../signature.ts';
import type { Message } from '../signature.ts';
import { authenticate } from './authenticate.ts';
import { CallsBehind, OtherIsActive } from './contact.ts';
import { EnrolmentRefused } from './fleet.ts';
import { contentOf } from './gate.ts';
import type { Gate } from './gate.ts';
import { NumberTaken, UnknownTags } from './ingest.ts';
import type { Site } from './store/sites.ts';

/** The way in for sites. */
export interface Door {
  readonly db: Db;
  readonly gate: Gate;
}

/**
 * Lets a site's request in: there is room for it, its head is signed by the site, and only then its content is read.
 * What goes wrong is answered as the site needs to know it.
 */
export async function letIn<T>(
  { db, gate }: Door,
  request: WebRequest,
  mostBytes: number,
  work: (site: Site, body: Uint8Array) => Promise<T>,
): Promise<T> {
  using _ = gate.enter(request, mostBytes);
  return await answering(async () => {
    const message = messageOf(request);
    const site = await authenticate(db, message, Date.now());
    using _own = gate.enterSite(site.id);
    const body = await contentOf(request);
    checkContent(message, body);
    return await work(site, body);
  });
}

/** The same for one that waits and brings nothing: it takes no room. */
export const letInToWait = <T>(
  { db }: Pick<Door, 'db'>,
  request: WebRequest,
  work: (site: Site) => Promise<T>,
): Promise<T> =>
  answering(async () => {
    const message = messageOf(request);
    checkContent(message, new Uint8Array());
    return await work(await authenticate(db, message, Date.now()));
  });

/** The signature covers bytes, so bodies are read as such and parsed here. */
export function jsonOf<T>(schema: z.ZodType<T>, body: Uint8Array, what: string): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch (err) {
    throw new Problem({ status: 400, detail: `${what} ${(err as Error).message}` }, { cause: err });
  }
}

export const messageOf = ({ method, path, query, headers }: WebRequest): Message => ({
  method,
  authority: headers.get('host') ?? '',
  path,
  query: `?${query}`,
  header: (name) => headers.get(name),
});

const STATUS = new Map<unknown, number>([
  [SignatureRefused, 401],
  [EnrolmentRefused, 403],
  [NumberTaken, 409],
  [OtherIsActive, 409],
  [CallsBehind, 412],
  [UnknownTags, 424],
]);

/** Turns what went wrong into the answer that tells a site what to do; anything else stays a fault of ours. */
export async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (err) {
    const status = err instanceof Error ? STATUS.get(err.constructor) : undefined;
    throw status === undefined
      ? err
      : new Problem({ status, detail: (err as Error).message }, { cause: err });
  }
}
