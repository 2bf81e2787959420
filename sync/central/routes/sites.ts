import { z } from 'zod';
import { selectLast } from '../../../history/store/readings.ts';
import { actorOf } from '../../../platform/access/actor.ts';
import { insertAudit } from '../../../platform/access/store/audit.ts';
import { page, PageQuery } from '../../../platform/api/page.ts';
import type { Db } from '../../../platform/database/db.ts';
import { notFound, Problem } from '../../../platform/web/problem.ts';
import { route } from '../../../platform/web/route.ts';
import { Invitation, LinkEventView, OpenCellView, SiteTagView, SiteView } from '../api/fleet.ts';
import { invite, inviteAgain, revoke } from '../fleet.ts';
import type { Invited } from '../fleet.ts';
import { selectEvents } from '../store/events.ts';
import { selectOpen } from '../store/proof.ts';
import { selectSummaries, selectSummary } from '../store/sites.ts';
import type { SiteSummary } from '../store/sites.ts';
import { selectTags } from '../store/tags.ts';
import { siteView } from '../views.ts';
import { quarantineRoutes } from './quarantine.ts';

const SiteId = z.strictObject({ id: z.uuid() });

/** The fleet, for people. `changed` is called when it has. */
export const siteRoutes = (db: Db, changed: () => void) => [
  listSites(db),
  oneSite(db),
  createSite(db, changed),
  createInvitation(db, changed),
  createRevocation(db, changed),
  listTags(db),
  listEvents(db),
  listOpen(db),
  ...quarantineRoutes(db, changed),
];

const listSites = (db: Db) =>
  route({
    method: 'GET',
    path: '/api/v1/sites',
    role: 'viewer',
    summary: 'The sites of the fleet, by name.',
    query: PageQuery,
    answer: page(SiteView),
    async handle({ query }) {
      const { rows, total } = await selectSummaries(db, query);
      const now = Date.now();
      return { items: rows.map((row) => siteView(row, now)), total, ...query };
    },
  });

const oneSite = (db: Db) =>
  route({
    method: 'GET',
    path: '/api/v1/sites/{id}',
    role: 'viewer',
    summary: 'One site.',
    params: SiteId,
    answer: SiteView,
    handle: async ({ params }) => siteView(await theSite(db, params.id), Date.now()),
  });

const createSite = (db: Db, changed: () => void) =>
  route({
    method: 'POST',
    path: '/api/v1/sites',
    role: 'administrator',
    summary: 'Invites a site: answers with a one-time token, which is shown only here.',
    status: 201,
    body: z.strictObject({ name: z.string().trim().min(1).max(100) }),
    answer: Invitation,
    async handle({ body, ...call }) {
      const invited = await db.transaction(async (tx) => {
        await insertAudit(tx, actorOf(call), { action: 'invite a site', subject: body.name });
        return invite(tx, body.name);
      });
      if (invited === null)
        throw new Problem({
          status: 409,
          detail: `There is a site '${body.name}' already.`,
          faults: [
            {
              field: 'body.name',
              value: body.name,
              remedy: 'Choose another name, or invite that site again.',
            },
          ],
        });
      changed();
      return invitation(db, invited);
    },
  });

const createInvitation = (db: Db, changed: () => void) =>
  route({
    method: 'POST',
    path: '/api/v1/sites/{id}/invitations',
    role: 'administrator',
    summary: 'Invites a site again, for a new gateway or after a revocation: answers with a one-time token.',
    status: 201,
    params: SiteId,
    answer: Invitation,
    async handle({ params, ...call }) {
      const { name } = await theSite(db, params.id);
      const invited = await db.transaction(async (tx) => {
        await insertAudit(tx, actorOf(call), { action: 'invite a site again', subject: name });
        return inviteAgain(tx, params.id);
      });
      changed();
      return invitation(db, invited);
    },
  });

const createRevocation = (db: Db, changed: () => void) =>
  route({
    method: 'POST',
    path: '/api/v1/sites/{id}/revocation',
    role: 'administrator',
    summary: 'Refuses all that this site sends from now on. Its data stays.',
    params: SiteId,
    answer: SiteView,
    async handle({ params, ...call }) {
      const { name } = await theSite(db, params.id);
      await db.transaction(async (tx) => {
        if (await revoke(tx, params.id))
          await insertAudit(tx, actorOf(call), { action: 'revoke a site', subject: name });
      });
      changed();
      return siteView(await theSite(db, params.id), Date.now());
    },
  });

const listTags = (db: Db) =>
  route({
    method: 'GET',
    path: '/api/v1/sites/{id}/tags',
    role: 'viewer',
    summary: "A site's tags with their newest readings.",
    params: SiteId,
    query: PageQuery,
    answer: page(SiteTagView),
    async handle({ params, query }) {
      await theSite(db, params.id);
      const { rows, total } = await selectTags(db, params.id, query);
      const last = await selectLast(
        db,
        rows.map(({ tag }) => tag),
      );
      const newest = new Map(last.map((reading) => [reading.tag, reading]));
      const items = rows.map(({ tag, name, unit }) => {
        const reading = newest.get(tag);
        return {
          tag,
          name,
          unit,
          at: reading === undefined ? null : new Date(reading.at).toISOString(),
          value: reading?.value ?? null,
          quality: reading?.quality ?? null,
        };
      });
      return { items, total, ...query };
    },
  });

const listEvents = (db: Db) =>
  route({
    method: 'GET',
    path: '/api/v1/sites/{id}/events',
    role: 'viewer',
    summary: "What happened to a site's link: two gateways with one identity, a restored one.",
    params: SiteId,
    query: PageQuery,
    answer: page(LinkEventView),
    async handle({ params, query }) {
      await theSite(db, params.id);
      const { rows, total } = await selectEvents(db, params.id, query);
      return { items: rows.map(({ at, ...row }) => ({ at: at.toISOString(), ...row })), total, ...query };
    },
  });

const listOpen = (db: Db) =>
  route({
    method: 'GET',
    path: '/api/v1/sites/{id}/open',
    role: 'viewer',
    summary: "Hours of tags whose readings differ from the site's. The oldest first.",
    params: SiteId,
    query: PageQuery,
    answer: page(OpenCellView),
    async handle({ params, query }) {
      await theSite(db, params.id);
      const { rows, total } = await selectOpen(db, params.id, query);
      const items = rows.map(({ hour, since, ...row }) => ({
        ...{ hour: hour.toISOString(), since: since.toISOString() },
        ...row,
      }));
      return { items, total, ...query };
    },
  });

async function theSite(db: Db, id: string): Promise<SiteSummary> {
  const site = await selectSummary(db, id);
  if (site === null) throw notFound(`There is no site ${id}. GET /api/v1/sites lists them.`);
  return site;
}

const invitation = async (db: Db, { site, token, expiresAt }: Invited) => ({
  site: siteView(await theSite(db, site), Date.now()),
  token,
  expiresAt: expiresAt.toISOString(),
});
