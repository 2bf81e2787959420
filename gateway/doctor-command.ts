import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listBackups } from '../platform/backup/list.ts';
import type { Command, Values } from '../platform/cli.ts';
import { Refusal } from '../platform/cli.ts';
import { openDatabase } from '../platform/database/open.ts';
import { isSynchronised, judgeClock } from '../platform/doctor/clock.ts';
import { judgeServer } from '../platform/doctor/database.ts';
import { checkFolder, checkSpace, checkSync } from '../platform/doctor/disk.ts';
import { fault, ok, reasonOf, warning } from '../platform/doctor/finding.ts';
import type { Finding } from '../platform/doctor/finding.ts';
import { checkPort } from '../platform/doctor/ports.ts';
import { selectSettings } from '../platform/doctor/store/settings.ts';
import { FolderInUse, lockFolder } from '../platform/folder.ts';
import { createLog } from '../platform/log.ts';
import { timeLimit } from '../platform/time-limit.ts';
import { centreUrl, openHttp } from '../sync/edge/http.ts';
import { readEnrolment } from '../sync/edge/identity.ts';
import { daemonOf, daemonOptions } from './daemon-of.ts';
import type { DaemonOf } from './daemon-of.ts';
import { readLastKnown } from './plant/last-known.ts';
import { listenersOf } from './plant/listening.ts';
import { readPlantFile } from './plant/load.ts';

type Config = DaemonOf['config'];

const DAY_MS = 86_400_000;
const CENTRE_WAIT_MS = 5_000;
const OLD_BACKUP_MS = 2 * DAY_MS;

const log = createLog('penstock', 'silent');

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Who has the data folder: the daemon, where it runs. */
async function holderOf(data: string): Promise<string | null> {
  if (!(await exists(data))) return null;
  try {
    await using _ = await lockFolder(data);
    return null;
  } catch (err) {
    if (err instanceof FolderInUse) return err.holder;
    throw err;
  }
}

async function database(
  { database: { url, poolSize }, data }: Config,
  holder: string | null,
): Promise<Finding[]> {
  const check = 'database';
  const folder = join(data, 'database');
  if (url === 'embedded') {
    if (holder !== null)
      return [ok(check, `The embedded database is held by the daemon (${holder}), which tests it.`)];
    if (!(await exists(folder))) return [ok(check, 'The embedded database is made at the first start.')];
  }
  try {
    await using db = await openDatabase({ url, folder, name: 'penstock doctor', poolSize: 1, log });
    if (!db.available || db.edition === null)
      return [
        fault(
          check,
          db.problem ?? 'The database does not answer.',
          "Look at the server, and at 'database.url'.",
        ),
      ];
    if (url === 'embedded')
      return [
        ok(check, `${db.edition.server}, embedded: a commit reaches the disk, and all of it can be read.`),
      ];
    const ours = Date.now();
    return judgeServer(await selectSettings(db), db.edition, { ours, poolSize });
  } catch (err) {
    return [fault(check, reasonOf(err), "Look at the server, and at 'database.url'.")];
  }
}

/** The plant as it was last known, or as it will be imported. */
async function sourcesOf({ data, plant }: Config) {
  const known = await readLastKnown(data);
  if (known !== undefined) return known.plant.sources;
  return plant === undefined ? [] : readPlantFile(plant, null).sources;
}

/** The ports at which sources wait for devices. */
async function brokers(config: Config, running: boolean): Promise<Finding[]> {
  try {
    const listeners = listenersOf(await sourcesOf(config));
    return await Promise.all(
      listeners.map(({ source, ...place }) => checkPort(`The source '${source}'`, place, running)),
    );
  } catch (err) {
    return [fault('plant', reasonOf(err), "Mend the file that 'plant' of the configuration names.")];
  }
}

async function centre({ centre: at, data }: Config): Promise<Finding[]> {
  if (at === undefined) return [];
  const check = 'centre';
  const remedy =
    "Look at the network, the firewall and 'centre.url'; with a certificate of your own, at 'centre.caFile'.";
  try {
    const ca = at.caFile === undefined ? undefined : readFileSync(at.caFile, 'utf8');
    using http = openHttp(centreUrl(at.url), { ca });
    const question = { method: 'GET', target: '/health/live', headers: {}, body: new Uint8Array() } as const;
    const { status } = await http.ask({ ...question, timeoutMs: CENTRE_WAIT_MS }, timeLimit(CENTRE_WAIT_MS));
    if (status !== 200) return [warning(check, `${at.url} answers with status ${status}.`, remedy)];
    if ((await readEnrolment(data)) !== null)
      return [ok(check, `${at.url} answers, and this site is enrolled.`)];
    return [
      warning(
        check,
        `${at.url} answers, but this site is not enrolled.`,
        "Get a token there and run 'penstock enrol'.",
      ),
    ];
  } catch (err) {
    return [
      warning(check, `${at.url} cannot be reached: ${reasonOf(err)} Readings wait here meanwhile.`, remedy),
    ];
  }
}

async function backups({ of, config: { backup } }: DaemonOf): Promise<Finding> {
  const check = 'backups';
  if (backup === undefined)
    return warning(
      check,
      'No backups are made by the clock.',
      "Set 'backup.folder' in the configuration, on another disk.",
    );
  const [newest] = await listBackups(backup.folder, of.daemon);
  const remedy = "See the runs of the job 'backup', or make one now: penstock backup.";
  if (newest === undefined) return warning(check, `There is no backup in ${backup.folder} yet.`, remedy);
  const said = `The newest is ${newest.name}; it was ${newest.restored ? 'restored for a test' : 'read back'}.`;
  const old = Date.now() - Date.parse(newest.madeAt) > OLD_BACKUP_MS;
  return old ? warning(check, `${said} It is more than two days old.`, remedy) : ok(check, said);
}

/** All there is to say of a machine and a configuration. */
export async function examine(values: Values): Promise<Finding[]> {
  const clock = judgeClock(Date.now(), await isSynchronised());
  let found: DaemonOf;
  try {
    found = daemonOf(values);
  } catch (err) {
    if (!(err instanceof Refusal)) throw err;
    return [fault('configuration', err.message, 'Mend these lines; then run this again.'), clock];
  }
  const { config, of } = found;
  const holder = await holderOf(config.data);
  const folder = (await exists(config.data))
    ? [await checkSpace(config.data), await checkSync(config.data)]
    : [];
  return [
    ok('configuration', 'It has no faults.'),
    ...[await checkFolder(config.data), ...folder],
    clock,
    await checkPort(`The ${of.daemon}`, config.web, holder !== null),
    ...(await brokers(config, holder !== null)),
    ...(await database(config, holder)),
    ...(await centre(config)),
    await backups(found),
  ];
}

const WORDS = { ok: 'ok', warning: 'WARNING', fault: 'FAULT' } as const;

const lineOf = ({ check, state, message, remedy }: Finding): string =>
  `${WORDS[state].padEnd(8)} ${check.padEnd(20)} ${message}\n${remedy === undefined ? '' : `${' '.repeat(30)}-> ${remedy}\n`}`;

export const doctor: Command = {
  name: 'doctor',
  summary:
    'Looks at the configuration, the data folder, the disk, the clock, the ports, the database, the centre and the backups, and says what to do. Exits with 1 where there is a fault.',
  options: { ...daemonOptions, json: { type: 'boolean', help: 'for programs: a list of findings as JSON' } },
  async run(values) {
    const findings = await examine(values);
    const text =
      values['json'] === true ? `${JSON.stringify(findings, null, 2)}\n` : findings.map(lineOf).join('');
    process.stdout.write(text);
    const faults = findings.filter(({ state }) => state === 'fault').length;
    if (faults > 0)
      throw new Refusal(`${faults} fault(s); the daemon cannot be relied on before they are mended.`);
  },
};
