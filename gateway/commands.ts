import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { insertAudit } from '../platform/access/store/audit.ts';
import type { Act } from '../platform/access/store/audit.ts';
import type { Command, Values } from '../platform/cli.ts';
import { Refusal, required, UsageError } from '../platform/cli.ts';
import { findSecret } from '../platform/config.ts';
import type { Db } from '../platform/database/db.ts';
import { createLog } from '../platform/log.ts';
import { shutdownSignal } from '../platform/shutdown.ts';
import { enrol as enrolSite } from '../sync/edge/enrol.ts';
import { centreUrl, openHttp } from '../sync/edge/http.ts';
import { noOutbox, outbox } from '../sync/edge/store/outbox.ts';
import type { GatewayConfig } from './config.ts';
import { runGateway } from './main.ts';
import type { Classes } from './plant/classes.ts';
import type { Entry } from './plant/csv/columns.ts';
import { propose } from './plant/csv/import.ts';
import { writeCsv } from './plant/csv/write.ts';
import { toFile } from './plant/file.ts';
import { importPlant, readPlantFile } from './plant/load.ts';
import type { PlantModel } from './plant/model.ts';
import { selectPlant } from './store/plant.ts';
import { configOf, configOption, withDatabase } from './with-database.ts';
import { timeLimit } from '../platform/time-limit.ts';

export const gateway: Command = {
  name: 'gateway',
  summary: 'Runs the gateway of a site until SIGTERM.',
  options: configOption,
  async run(values) {
    const config = configOf(values);
    const log = createLog('gateway', config.log.level);
    await runGateway(config, log, shutdownSignal(log));
  },
};

export const migrate: Command = {
  name: 'migrate',
  summary: "Brings the gateway's database up to date. The gateway does so itself at start.",
  options: configOption,
  run: (values) => withDatabase(values, () => Promise.resolve()),
};

export const importCommand: Command = {
  name: 'import',
  operands: 'FILE',
  summary:
    'Reads a plant model from plant.yaml, or tags from a table (tags.csv). It adds what is new and changes what has the same name; tags that the file does not name stay.',
  options: { ...configOption, check: { type: 'boolean', help: 'only check the file' } },
  async run(values, [file]) {
    if (file === undefined) throw new UsageError('FILE is missing.');
    const { check } = values;
    if (file.toLowerCase().endsWith('.csv')) return importTable(values, file);
    const model = readPlantFile(file, check === true ? classesAtHand(values) : classesOf(configOf(values)));
    if (check !== true) {
      const { areas, sources, tags } = model;
      const counts = { areas: areas.length, sources: sources.length, tags: tags.length };
      const act = { action: 'import a plant model', subject: model.site.name, new: { file, ...counts } };
      await withDatabase(values, (db, config) => take(db, config, model, act));
    }
    process.stdout.write(
      `${file}: ${model.areas.length} areas, ${model.sources.length} sources, ${model.tags.length} tags ${check === true ? 'are well formed' : 'imported'}.\n`,
    );
  },
};

/** Imports a model together with its line in the audit trail. */
const take = (db: Db, { centre }: GatewayConfig, model: PlantModel, act: Act): Promise<unknown> =>
  db.transaction(async (tx) => {
    await insertAudit(tx, { who: 'command line', address: null, correlationId: null }, act);
    await importPlant(tx, centre === undefined ? noOutbox : outbox, model);
  });

const classesOf = ({ retention }: GatewayConfig): string[] => Object.keys(retention.classes);

/** A file can be checked where there is no configuration. */
const classesAtHand = (values: Values): Classes =>
  existsSync(required(values, 'config')) ? classesOf(configOf(values)) : null;

/** Tags from a spreadsheet, into the plant that is there. */
const importTable = (values: Values, file: string): Promise<void> =>
  withDatabase(values, async (db, config) => {
    const plant = await selectPlant(db);
    if (plant === null) throw new Refusal("There is no plant model yet. 'penstock import FILE' reads one.");
    const { model, report } = propose(plant, readFileSync(file, 'utf8'), classesOf(config));
    if (model === null) {
      const lines = report.faults.map(
        ({ row, column, value, message }) =>
          `  row ${row}, ${column || 'the row'}: ${message} (found '${value}')`,
      );
      throw new Refusal(
        `${file} has ${lines.length} fault(s); nothing was imported.\n${lines.join('\n')}`,
        78,
      );
    }
    const { added, changed, unchanged } = report;
    const check = values['check'] === true;
    const act = { action: 'import tags', new: { file, rows: report.rows, added, changed } };
    if (!check) await take(db, config, model, act);
    process.stdout.write(
      `${file}: ${added.length} new, ${changed.length} changed, ${unchanged} unchanged tags ${check ? 'are well formed' : 'imported'}.\n`,
    );
  });

export const exportCommand: Command = {
  name: 'export',
  operands: '[FILE]',
  summary: 'Writes the plant model as plant.yaml, to FILE or to standard output.',
  options: {
    ...configOption,
    tags: { type: 'boolean', help: 'only the tags, as a table for a spreadsheet' },
  },
  run: (values, [file]) =>
    withDatabase(values, async (db) => {
      const plant = await selectPlant(db);
      if (plant === null) throw new Refusal("There is no plant model yet. 'penstock import FILE' reads one.");
      const model = toFile(plant) as { tags: Entry[] };
      const text = values['tags'] === true ? writeCsv(model.tags) : stringify(model);
      if (file === undefined) process.stdout.write(text);
      else writeFileSync(file, text);
    }),
};

export const enrol: Command = {
  name: 'enrol',
  summary:
    'Enrols this site at the central node: makes its key pair and registers the public key with a one-time token.',
  options: {
    ...configOption,
    token: { type: 'string', help: "name of the secret that holds the token ('centre.token' of the file)" },
  },
  async run(values) {
    const { data, centre } = configOf(values);
    if (centre === undefined)
      throw new Refusal("There is no centre to enrol at: set 'centre.url' in the configuration.", 78);
    const name = typeof values['token'] === 'string' ? values['token'] : centre.token?.secret;
    if (name === undefined) throw new UsageError('--token is missing.');
    const token = findSecret(name, data);
    if (token === undefined)
      throw new Refusal(`There is no secret '${name}'. Write the token to ${data}/secrets/${name}.`);
    const ca = centre.caFile === undefined ? undefined : readFileSync(centre.caFile, 'utf8');
    using http = openHttp(centreUrl(centre.url), { ca });
    const { name: site } = await enrolSite(http, data, token, timeLimit(30_000));
    process.stdout.write(`Enrolled at ${centre.url} as '${site}'.\n`);
  },
};
