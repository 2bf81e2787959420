import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { migrations } from '../../gateway/migrations.ts';
import { crashPoints } from '../../platform/crash/point.ts';
import { migrate } from '../../platform/database/migrate.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { fillDataFolder, fillSmallPlant, quiet, rowsOfTable } from '../support/backup.ts';
import { startPenstock, writeSite } from '../support/daemon.ts';
import { aDatabaseAddress, requiredServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { hold } from '../support/hold.ts';

const TABLES = ['readings', 'tags', 'audit', 'users'];

/** A gateway that does not run, on a database of its own. */
async function aSite() {
  const folder = hold(await aFolder()).path;
  const { url: database } = hold(await aDatabaseAddress(requiredServer()));
  const config = await writeSite(folder, { port: 1, database, plant: {} });
  const db = hold(
    await openDatabase({ url: database, folder: 'unused', name: 'test', log: quiet, poolSize: 1 }),
  );
  return { data: join(folder, 'data'), backups: join(folder, 'backups'), config, db };
}

/** Runs a command to its end, which may be a crash point. */
async function run(words: readonly string[], point?: string) {
  const env = point === undefined ? {} : { PENSTOCK_TEST_CRASH_AT: point };
  await using command = startPenstock(words, '', undefined, env);
  const { process } = command;
  if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
  return { code: process.exitCode, signal: process.signalCode, said: command.output() };
}
const killedAt = (point: string) => ({
  ...{ code: null, signal: 'SIGKILL' },
  said: expect.stringContaining(`Killed at the crash point ${point}.`) as string,
});
const pointsOf = (command: string) => crashPoints.filter((point) => point.startsWith(`${command}.`));

test(
  'a backup and a restore that are killed at each of their crash points are none, or whole, and can be had again',
  { timeout: 300_000 },
  async () => {
    const from = await aSite();
    await fillSmallPlant(from.db);
    await fillDataFolder(from.data);
    const made = async () => (await readdir(from.backups)).filter((name) => !name.startsWith('.'));
    for (const [i, point] of pointsOf('backup').entries()) {
      expect(await run(['backup', from.backups, '--config', from.config], point)).toEqual(killedAt(point));
      // Before it has its name it is none.
      expect(await made()).toHaveLength(i);
    }
    const backup = join(from.backups, (await made())[0] ?? '');

    const to = await aSite();
    const restore = ['restore', backup, '--config', to.config];
    expect(await run([...restore, '--check'])).toMatchObject({ code: 0 });
    for (const point of pointsOf('restore')) {
      expect(await run(restore, point)).toEqual(killedAt(point));
      await expect(migrate(to.db, migrations, quiet)).rejects.toThrow('restored only in part');
    }
    expect(await run([...restore, '--overwrite'])).toMatchObject({ code: 0 });
    await migrate(to.db, migrations, quiet);
    for (const table of TABLES)
      expect({ table, rows: await rowsOfTable(to.db, table) }).toEqual({
        table,
        rows: await rowsOfTable(from.db, table),
      });
  },
);
