import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createJudge } from '../../gateway/alarms/judge.ts';
import { calculating } from '../../gateway/calculated/calculate.ts';
import { cleaning } from '../../gateway/cleaning/clean.ts';
import { freshness } from '../../gateway/cleaning/freshness.ts';
import { thinning } from '../../gateway/cleaning/thin/thin.ts';
import { ingest } from '../../gateway/ingest.ts';
import type { Walk } from '../../gateway/ingest.ts';
import { migrations } from '../../gateway/migrations.ts';
import type { Tag } from '../../gateway/plant/tag.ts';
import { flushTo } from '../../gateway/store/flush.ts';
import { createLedger } from '../../gateway/store/ledger.ts';
import { openQuarantine } from '../../gateway/store/quarantine.ts';
import { openSpool } from '../../gateway/store/spool.ts';
import { openWriter } from '../../gateway/store/writer.ts';
import type { Writer } from '../../gateway/store/writer.ts';
import type { TagId } from '../../history/reading.ts';
import type { Database } from '../../platform/database/db.ts';
import { migrate } from '../../platform/database/migrate.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { outbox } from '../../sync/edge/store/outbox.ts';
import { aDatabaseAddress } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';

/** The way of readings from a source to `writer`, as in the gateway: cleaned, judged, thinned. */
export const walkTo = (writer: Writer, tags: ReadonlyMap<TagId, Tag>): Walk =>
  ingest({
    clean: cleaning(tags),
    freshness: freshness(tags, () => undefined),
    calculate: calculating(
      (readings) => readings,
      () => undefined,
    ),
    judge: createJudge([], [], randomUUID),
    thin: thinning(tags),
    hold: () => Promise.resolve(),
    save: (readings, changes) => writer.save(readings, changes),
    publish: () => undefined,
    stepped: () => 0,
  });

/** Runs `measure` over a new database with the gateway's tables: embedded, or on the server of that address. */
export async function withStore<T>(
  database: string,
  measure: (db: Database, writer: Writer) => Promise<T>,
): Promise<T> {
  await using folder = await aFolder();
  const log = createLog('bench', 'error');
  await using address = database === 'embedded' ? null : await aDatabaseAddress(database);
  const where = { url: address?.url ?? 'embedded', folder: join(folder.path, 'database'), name: 'bench' };
  await using db = await openDatabase({ ...where, log });
  if (db.problem !== null) throw new Error(db.problem);
  await migrate(db, migrations, log);
  const quarantine = openQuarantine(folder.path, log);
  await using spool = await openSpool({ folder: folder.path, maxBytes: 2 ** 31, quarantine, log });
  const flush = flushTo(outbox);
  await using writer = openWriter({ db, spool, quarantine, flush, ledger: createLedger(), log });
  return await measure(db, writer);
}
