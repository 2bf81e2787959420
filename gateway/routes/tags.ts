import { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Actor } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import { notFound, Problem } from '../../platform/web/problem.ts';
import { Reply, route } from '../../platform/web/route.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import { TagImport } from '../api/tags.ts';
import type { Current } from '../current.ts';
import type { Entry } from '../plant/csv/columns.ts';
import { propose } from '../plant/csv/import.ts';
import { writeCsv } from '../plant/csv/write.ts';
import { toFile } from '../plant/file.ts';
import { importPlant } from '../plant/load.ts';
import { PlantModel } from '../plant/model.ts';

const MOST_BYTES = 32 * 1024 * 1024;
const Id = z.strictObject({ id: z.coerce.number().int().min(1) });
const Settings = z.record(z.string(), z.unknown());
const NewTags = z.array(Settings).min(1).max(10_000);

/** The tags as they are now, and the one way to change them. */
function tagBook(db: Db, current: Current, outbox: Outbox) {
  return {
    plant: () => current.operation().plant,
    file: () => toFile(current.operation().plant) as { tags: Entry[] },
    nameOf: (id: number): string => {
      const tag = current.operation().plant.tags.find((each) => each.id === id);
      if (tag === undefined) throw notFound(`There is no tag ${id}. GET /api/v1/tags lists them.`);
      return tag.name;
    },
    take: async (model: PlantModel, actor: Actor, act: Parameters<typeof insertAudit>[2]): Promise<void> => {
      const plant = await db.transaction(async (tx) => {
        await insertAudit(tx, actor, act);
        return importPlant(tx, outbox, model);
      });
      await current.replant(plant);
    },
  };
}
type TagBook = ReturnType<typeof tagBook>;

/** Tags one by one and as a table. What is changed here is collected at once. */
export function tagRoutes(db: Db, current: Current, outbox: Outbox) {
  const book = tagBook(db, current, outbox);
  return [...table(book), addition(book), ...settings(book)];
}

const table = ({ plant, file, take }: TagBook) => [
  route({
    method: 'GET',
    path: '/api/v1/tags.csv',
    role: 'engineer',
    summary: 'All tags as a table for a spreadsheet.',
    handle: () => Promise.resolve(csvReply(writeCsv(file().tags))),
  }),
  route({
    method: 'POST',
    path: '/api/v1/tags/import',
    role: 'engineer',
    summary: 'Imports a table of tags: adds and changes, deletes none. With a fault nothing is imported.',
    query: z.strictObject({ preview: z.enum(['true', 'false']).default('false') }),
    raw: true,
    maxBodyBytes: MOST_BYTES,
    answer: TagImport,
    async handle({ body, query: { preview }, ...call }) {
      const { model, report } = propose(plant(), textOf(body));
      if (model === null || preview === 'true') return { ...report, imported: false };
      const { rows, added, changed } = report;
      await take(model, actorOf(call), { action: 'import tags', new: { rows, added, changed } });
      return { ...report, imported: true };
    },
  }),
];

const addition = ({ file, take }: TagBook) =>
  route({
    method: 'POST',
    path: '/api/v1/tags',
    role: 'engineer',
    summary: 'Adds tags, each as plant.yaml has it.',
    body: NewTags,
    answer: z.strictObject({ added: z.number().int() }),
    async handle({ body, ...call }) {
      const { tags, ...rest } = file();
      const model = checked({ ...rest, tags: [...tags, ...body] }, tags.length);
      const names = model.tags.slice(tags.length).map(({ name }) => name);
      await take(model, actorOf(call), { action: 'add tags', new: names });
      return { added: names.length };
    },
  });

const settings = ({ file, nameOf, take }: TagBook) => [
  route({
    method: 'GET',
    path: '/api/v1/tags/{id}/settings',
    role: 'engineer',
    summary: 'One tag as plant.yaml has it.',
    params: Id,
    answer: Settings,
    handle({ params }) {
      const name = nameOf(params.id);
      return Promise.resolve({ ...file().tags.find((tag) => tag['name'] === name) });
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v1/tags/{id}/settings',
    role: 'engineer',
    summary: 'Changes one tag. Its name cannot be changed.',
    params: Id,
    body: Settings,
    answer: Settings,
    async handle({ params, body, ...call }) {
      const name = nameOf(params.id);
      const { tags, ...rest } = file();
      const place = tags.findIndex((tag) => tag['name'] === name);
      if (body['name'] !== name)
        throw refused([{ field: 'name', remedy: `A tag keeps its name: '${name}'.` }]);
      const model = checked({ ...rest, tags: tags.with(place, body) }, place);
      const old = tags[place];
      await take(model, actorOf(call), { action: 'change a tag', subject: name, old, new: body });
      return { ...file().tags.find((tag) => tag['name'] === name) };
    },
  }),
];

const refused = (faults: readonly { field: string; remedy: string }[]) =>
  new Problem({
    status: 422,
    detail: `${faults.length} setting(s) cannot be used; nothing was changed.`,
    faults,
  });

/** Faults of tags from `first` on are the caller's: they are numbered from there. */
function checked(tree: unknown, first: number): PlantModel {
  const result = PlantModel.safeParse(tree);
  if (result.success) return result.data;
  throw refused(
    result.error.issues.map(({ path, message }) => {
      const [part, at, ...rest] = path;
      const mine = part === 'tags' && typeof at === 'number' && at >= first;
      return { field: (mine ? [at - first, ...rest] : path).join('.'), remedy: message };
    }),
  );
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    const detail = "The table is not text in UTF-8. Save it as 'CSV UTF-8'.";
    throw new Problem({ status: 400, detail }, { cause });
  }
}

const csvReply = (body: string) =>
  new Reply({
    status: 200,
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="tags.csv"',
    },
    body,
  });
