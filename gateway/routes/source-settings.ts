import { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Act } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import { notFound, Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { SourceSettings } from '../api/sources.ts';
import type { Current } from '../current.ts';
import { faultsOfSource } from '../plant/check-source.ts';
import type { Source } from '../plant/tag.ts';
import { selectPlant } from '../store/plant.ts';
import type { Plant } from '../store/plant.ts';
import { deleteSource, updateSourceEnabled, upsertSource } from '../store/sources.ts';

export const NamedSource = z.strictObject({ name: z.string().trim().min(1).max(120) });
const SHOWN = 20;

/** How each source is set up, and whether it runs. What is changed takes effect at once, and disturbs no other. */
export const sourceSettings = (db: Db, current: Current) => [
  ...settings(db, current),
  ...running(db, current),
];

/** What a request does to a source, as the plant is when its turn has come. */
interface Change {
  readonly act: Act;
  readonly make: (tx: Db) => Promise<unknown>;
}

/** Keeps a change with its line in the audit trail, then lives by it. Null: it is so already. */
const change = (
  { db, current }: { db: Db; current: Current },
  call: Parameters<typeof actorOf>[0],
  work: (before: Plant) => Change | null,
): Promise<void> =>
  current.change(db, async (tx, before) => {
    const found = work(before);
    if (found === null) return before;
    await insertAudit(tx, actorOf(call), found.act);
    await found.make(tx);
    return (await selectPlant(tx)) ?? before;
  });

function sourceIn({ sources }: Plant, name: string): Source {
  const found = sources.find((one) => one.name === name);
  if (found === undefined) throw notFound(`There is no source '${name}'. GET /api/v1/sources lists them.`);
  return found;
}

const settings = (db: Db, current: Current) => [
  route({
    method: 'GET',
    path: '/api/v1/sources/{name}/settings',
    role: 'engineer',
    summary: 'How a source is set up. Secrets are named, never shown.',
    params: NamedSource,
    answer: SourceSettings,
    handle({ params }) {
      const { protocol, config, enabled } = current.operation().source(params.name).source;
      return Promise.resolve({ protocol: protocol as SourceSettings['protocol'], config, enabled });
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v1/sources/{name}/settings',
    role: 'engineer',
    summary: 'Sets up a source, a new one or one that is there, and starts it anew where something changed.',
    params: NamedSource,
    body: SourceSettings,
    async handle({ params: { name }, body, ...call }) {
      const source = { name, ...body };
      await change({ db, current }, call, (before) => {
        const faults = faultsOfSource(before, source);
        if (faults.length > 0) throw refused(faults);
        const old = before.sources.find((one) => one.name === name);
        const action = old === undefined ? 'add a source' : 'change a source';
        const act = { action, subject: name, old, new: body };
        return { act, make: (tx) => upsertSource(tx, source) };
      });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/sources/{name}',
    role: 'engineer',
    summary: 'Deletes a source that has no tags.',
    params: NamedSource,
    async handle({ params: { name }, ...call }) {
      await change({ db, current }, call, (before) => {
        const { id, protocol, config } = sourceIn(before, name);
        const tags = before.tags.filter((tag) => tag.source === id).map((tag) => tag.name);
        if (tags.length > 0) throw stillHas(name, tags);
        const act = { action: 'delete a source', subject: name, old: { protocol, config } };
        return { act, make: (tx) => deleteSource(tx, name) };
      });
    },
  }),
];

const running = (db: Db, current: Current) => [
  ...(['start', 'stop'] as const).map((verb) =>
    route({
      method: 'POST',
      path: `/api/v1/sources/{name}/${verb}`,
      role: 'engineer',
      summary: verb === 'start' ? 'Starts a source.' : 'Stops a source, also over restarts of the gateway.',
      params: NamedSource,
      async handle({ params: { name }, ...call }) {
        const wanted = verb === 'start';
        const act = { action: `${verb} a source`, subject: name };
        await change({ db, current }, call, (before) =>
          sourceIn(before, name).enabled === wanted
            ? null
            : { act, make: (tx) => updateSourceEnabled(tx, name, wanted) },
        );
      },
    }),
  ),
  route({
    method: 'POST',
    path: '/api/v1/sources/{name}/restart',
    role: 'engineer',
    summary: 'Ends the connection of a source and makes it anew.',
    params: NamedSource,
    async handle({ params: { name }, ...call }) {
      const operation = current.operation();
      operation.source(name);
      await insertAudit(db, actorOf(call), { action: 'restart a source', subject: name });
      await operation.restart(name);
    },
  }),
];

const refused = (faults: ReturnType<typeof faultsOfSource>) =>
  new Problem({
    status: 400,
    detail: `The settings have ${faults.length} fault(s); nothing was changed. ${faults
      .slice(0, 3)
      .map(({ field, remedy }) => `${field}: ${remedy}`)
      .join('; ')}`,
    faults: faults.slice(0, 100),
  });

const stillHas = (name: string, tags: readonly string[]) =>
  new Problem({
    status: 409,
    detail: `The source '${name}' still has ${tags.length} tag(s), whose history stays: ${tags.slice(0, SHOWN).join(', ')}${
      tags.length > SHOWN ? ', …' : ''
    }. Stop it instead, or give its tags to another source.`,
    faults: tags
      .slice(0, 100)
      .map((tag) => ({ field: `tags.${tag}`, remedy: 'Give this tag to another source.' })),
  });
