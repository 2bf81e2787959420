import { afterAll, beforeAll, expect, test } from 'vitest';
import { gatewayBackedUp } from '../../gateway/backup.ts';
import { makeBackup } from '../../platform/backup/backup.ts';
import { checkBackup, restoreDatabase } from '../../platform/backup/restore.ts';
import { historyMigrations } from '../../history/store/migrations.ts';
import { syncEdgeMigrations } from '../../sync/edge/store/migrations.ts';
import { quiet } from '../support/backup.ts';
import { aFolder } from '../support/folder.ts';
import { aLine, arrived, collect, invited } from '../support/line.ts';
import type { Line } from '../support/line.ts';
import { START, waitingIn } from '../support/sync.ts';

const { signal } = new AbortController();
let line: Line;
beforeAll(async () => {
  line = await aLine();
});
afterAll(() => line[Symbol.asyncDispose]());

test('a site that was restored from an old backup goes on, and the centre keeps all that it had', async () => {
  const { edge, central } = line;
  await using place = await aFolder();
  const of = {
    ...gatewayBackedUp({ data: line.folder, database: { url: 'embedded', poolSize: 2 } }),
    migrations: [historyMigrations, syncEdgeMigrations],
    series: { tables: [], keys: () => Promise.resolve([]) },
  };
  const { token } = await invited(central);
  line.linkTo(line.centre.address, { token });
  await collect(edge, 5);
  await arrived(line, 50);
  await line.endLinks();
  await collect(edge, 2, START + 1_000_000);
  const { folder } = await makeBackup({ ...of, db: edge, alone: true, log: quiet }, place.path, signal);

  line.linkTo(line.centre.address);
  await collect(edge, 3, START + 2_000_000);
  await arrived(line, 100);
  await line.endLinks();

  const manifest = await checkBackup(folder, of, signal);
  await restoreDatabase(
    folder,
    manifest,
    { ...of, db: edge, log: quiet },
    {
      ...{ overwrite: true, signal, settle: of.settle },
    },
  );
  expect((await waitingIn(edge, 'readings')).map(({ seq }) => seq)).toEqual([1, 2]);
  await collect(edge, 4, START + 3_000_000);
  line.linkTo(line.centre.address);
  await arrived(line, 140);
}, 60_000);
