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
import { classFault } from '../plant/classes.ts';
import type { Classes } from '../plant/classes.ts';
import type { Entry } from '../plant/csv/columns.ts';
import { propose } from '../plant/csv/import.ts';
import { writeCsv } from '../plant/csv/write.ts';
import { toFile } from '../plant/file.ts';
import { importPlant } from '../plant/load.ts';
import { PlantModel, TagEntry } from '../plant/model.ts';
import type { Plant } from '../store/plant.ts';
import { toJson } from './protocols.ts';

const MOST_BYTES = 32 * 1024 * 1024;
const Id = z.strictObject({ id: z.coerce.number().int().min(1) });
const Settings = z.record(z.string(), z.unknown());
const NewTags = z.array(Settings).min(1).max(10_000);

interface Change {
  readonly model: PlantModel;
  readonly act: Parameters<typeof insertAudit>[2];
}

/** The tags as they are now, and the one way to change them. */
function tagBook(db: Db, current: Current, outbox: Outbox, classes: Classes) {
  const plant = () => current.operation().plant;
  return {
    plant,
    classes,
    tags: () => fileOf(plant()).tags,
    nameOf: (id: number): string => {
      const tag = current.operation().plant.tags.find((each) => each.id === id);
      if (tag === undefined) throw notFound(`There is no tag ${id}. GET /api/v1/tags lists them.`);
      return tag.name;
    },
    take: (actor: Actor, change: (before: Plant) => Change): Promise<void> =>
      current.change(db, async (tx, before) => {
        const { model, act } = change(before);
        await insertAudit(tx, actor, act);
        return importPlant(tx, outbox, model);
      }),
  };
}
const fileOf = (plant: Plant) => toFile(plant) as { tags: Entry[] };
type TagBook = ReturnType<typeof tagBook>;

/** Tags one by one and as a table. What is changed here is collected at once. */
export function tagRoutes(db: Db, current: Current, outbox: Outbox, classes: Classes) {
  const book = tagBook(db, current, outbox, classes);
  return [...table(book), addition(book), ...settings(book)];
}

const table = ({ plant, tags, classes, take }: TagBook) => [
  route({
    method: 'GET',
    path: '/api/v1/tags.schema.json',
    role: 'engineer',
    summary: 'The JSON Schema of a tag, as plant.yaml has it. Its address is of the protocol of its source.',
    answer: z.unknown(),
    handle: () => Promise.resolve(toJson(TagEntry)),
  }),
  route({
    method: 'GET',
    path: '/api/v1/tags.csv',
    role: 'engineer',
    summary: 'All tags as a table for a spreadsheet.',
    handle: () => Promise.resolve(csvReply(writeCsv(tags()))),
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
      const text = textOf(body);
      let { model, report } = propose(plant(), text, classes);
      if (model === null || preview === 'true') return { ...report, imported: false };
      await take(actorOf(call), (before) => {
        ({ model, report } = propose(before, text, classes));
        if (model === null)
          throw refused(report.faults.map(({ row, message }) => ({ field: `row ${row}`, remedy: message })));
        const { rows, added, changed } = report;
        return { model, act: { action: 'import tags', new: { rows, added, changed } } };
      });
      return { ...report, imported: true };
    },
  }),
];

const addition = ({ classes, take }: TagBook) =>
  route({
    method: 'POST',
    path: '/api/v1/tags',
    role: 'engineer',
    summary: 'Adds tags, each as plant.yaml has it.',
    body: NewTags,
    answer: z.strictObject({ added: z.number().int() }),
    async handle({ body, ...call }) {
      await take(actorOf(call), (before) => {
        const { tags, ...rest } = fileOf(before);
        const model = checked({ ...rest, tags: [...tags, ...body] }, tags.length);
        const added = model.tags.slice(tags.length);
        checkClasses(added, classes);
        const names = added.map(({ name }) => name);
        return { model, act: { action: 'add tags', new: names } };
      });
      return { added: body.length };
    },
  });

const settings = ({ tags: all, nameOf, classes, take }: TagBook) => [
  route({
    method: 'GET',
    path: '/api/v1/tags/{id}/settings',
    role: 'engineer',
    summary: 'One tag as plant.yaml has it.',
    params: Id,
    answer: Settings,
    handle({ params }) {
      const name = nameOf(params.id);
      return Promise.resolve({ ...all().find((tag) => tag['name'] === name) });
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
      if (body['name'] !== name)
        throw refused([{ field: 'name', remedy: `A tag keeps its name: '${name}'.` }]);
      await take(actorOf(call), (before) => {
        const { tags, ...rest } = fileOf(before);
        const place = tags.findIndex((tag) => tag['name'] === name);
        const model = checked({ ...rest, tags: tags.with(place, body) }, place);
        checkClasses(model.tags.slice(place, place + 1), classes);
        return { model, act: { action: 'change a tag', subject: name, old: tags[place], new: body } };
      });
      return { ...all().find((tag) => tag['name'] === name) };
    },
  }),
];

const refused = (faults: readonly { field: string; remedy: string }[]) =>
  new Problem({
    status: 422,
    detail: `${faults.length} setting(s) cannot be used; nothing was changed.`,
    faults,
  });

/** Faults of tags from `first` on are the caller's: they stand under the names that these were given. */
function checked(tree: unknown, first: number): PlantModel {
  const result = PlantModel.safeParse(tree);
  if (result.success) return result.data;
  throw refused(
    result.error.issues.map(({ path, message }) => {
      const [part, at, ...rest] = path;
      const mine = part === 'tags' && typeof at === 'number' && at >= first;
      return { field: (mine ? [nameIn(tree, at), ...rest] : path).join('.'), remedy: message };
    }),
  );
}

/** Refuses tags that name a class which is none. */
function checkClasses(tags: PlantModel['tags'], classes: Classes): void {
  const faults = tags.flatMap(({ name, retention }) => {
    const remedy = classFault(retention, classes);
    return remedy === null ? [] : [{ field: `${name}.retention`, remedy }];
  });
  if (faults.length > 0) throw refused(faults);
}

function nameIn(tree: unknown, at: number): string {
  const { name } = (tree as { tags: readonly Entry[] }).tags[at] ?? {};
  return typeof name === 'string' && name !== '' ? name : `tag ${at + 1}`;
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
