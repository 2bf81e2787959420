import { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Act } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import { Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { SourceSettings } from '../api/sources.ts';
import type { Current } from '../current.ts';
import { faultsOfSource } from '../plant/check-source.ts';
import { selectPlant } from '../store/plant.ts';
import { deleteSource, updateSourceEnabled, upsertSource } from '../store/sources.ts';

export const NamedSource = z.strictObject({ name: z.string().trim().min(1).max(120) });
const SHOWN = 20;

/** How each source is set up, and whether it runs. What is changed takes effect at once, and disturbs no other. */
export const sourceSettings = (db: Db, current: Current) => [
  ...settings(db, current),
  ...running(db, current),
];

/** Keeps a change with its line in the audit trail, then lives by it. */
async function change(
  { db, current }: { db: Db; current: Current },
  call: Parameters<typeof actorOf>[0],
  act: Act,
  work: (tx: Db) => Promise<unknown>,
): Promise<void> {
  const plant = await db.transaction(async (tx) => {
    await insertAudit(tx, actorOf(call), act);
    await work(tx);
    return selectPlant(tx);
  });
  if (plant !== null) await current.replant(plant);
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
      const { plant } = current.operation();
      const source = { name, ...body };
      const faults = faultsOfSource(plant, source);
      if (faults.length > 0) throw refused(faults);
      const old = plant.sources.find((one) => one.name === name);
      const action = old === undefined ? 'add a source' : 'change a source';
      await change({ db, current }, call, { action, subject: name, old, new: body }, (tx) =>
        upsertSource(tx, source),
      );
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/sources/{name}',
    role: 'engineer',
    summary: 'Deletes a source that has no tags.',
    params: NamedSource,
    async handle({ params: { name }, ...call }) {
      const operation = current.operation();
      const { plant } = operation;
      const { id, protocol, config } = operation.source(name).source;
      const tags = plant.tags.filter((tag) => tag.source === id).map((tag) => tag.name);
      if (tags.length > 0) throw stillHas(name, tags);
      const act = { action: 'delete a source', subject: name, old: { protocol, config } };
      await change({ db, current }, call, act, (tx) => deleteSource(tx, name));
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
        const { enabled } = current.operation().source(name).source;
        const wanted = verb === 'start';
        if (enabled === wanted) return;
        await change({ db, current }, call, { action: `${verb} a source`, subject: name }, (tx) =>
          updateSourceEnabled(tx, name, wanted),
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
