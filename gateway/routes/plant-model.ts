import { stringify } from 'yaml';
import { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import { Refusal } from '../../platform/cli.ts';
import { parseYaml } from '../../platform/config.ts';
import type { Db } from '../../platform/database/db.ts';
import { Problem } from '../../platform/web/problem.ts';
import { Reply, route } from '../../platform/web/route.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import type { Current } from '../current.ts';
import type { Classes } from '../plant/classes.ts';
import { toFile } from '../plant/file.ts';
import { checkPlant, importPlant } from '../plant/load.ts';
import type { PlantModel } from '../plant/model.ts';

const Imported = z.strictObject({ areas: z.number(), sources: z.number(), tags: z.number() });
const MOST_BYTES = 16 * 1024 * 1024;

/** The plant model as a file, out and in. */
export const plantModel = (db: Db, current: Current, outbox: Outbox, classes: Classes) => [
  route({
    method: 'GET',
    path: '/api/v1/plant',
    role: 'engineer',
    summary: 'The plant model as plant.yaml.',
    handle: () =>
      Promise.resolve(
        new Reply({
          status: 200,
          headers: {
            'content-type': 'application/yaml',
            'content-disposition': 'attachment; filename="plant.yaml"',
          },
          body: stringify(toFile(current.operation().plant)),
        }),
      ),
  }),
  route({
    method: 'PUT',
    path: '/api/v1/plant',
    role: 'engineer',
    summary: 'Imports a plant.yaml and starts to collect by it: adds and changes, deletes no tag.',
    raw: true,
    maxBodyBytes: MOST_BYTES,
    answer: Imported,
    async handle({ body, ...call }) {
      const model = modelIn(body, classes);
      const counts = {
        areas: model.areas.length,
        sources: model.sources.length,
        tags: model.tags.length,
      };
      await current.change(db, async (tx) => {
        await insertAudit(tx, actorOf(call), {
          action: 'import a plant model',
          subject: model.site.name,
          new: counts,
        });
        return importPlant(tx, outbox, model);
      });
      return counts;
    },
  }),
];

function modelIn(body: Uint8Array, classes: Classes): PlantModel {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    return checkPlant('The request', parseYaml('The request', text), classes);
  } catch (err) {
    if (err instanceof Refusal) throw new Problem({ status: 400, detail: err.message }, { cause: err });
    throw new Problem({ status: 400, detail: 'The request is not text in UTF-8.' }, { cause: err });
  }
}
