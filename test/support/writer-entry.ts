// A process that saves numbered batches until it is killed: `writer-entry.ts <url> <folder> <first number>`. It says
// each number once that batch has settled. Its database is called away and back all the time.
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aReading, NOON } from './readings.ts';
import { aChange, aWriter, callable } from './writer.ts';

const [url = '', folder = '', first = '0'] = process.argv.slice(2);
const IN_FLIGHT = 8;
const FLIP_MS = 120;

const log = createLog('child', 'silent');
const database = await openDatabase({ url, folder: join(folder, 'database'), name: 'child', log });
await database.ready(AbortSignal.timeout(60_000));
const called = callable(database);
const writer = await aWriter({ db: called.db, folder: join(folder, 'spool'), slowMs: 30 });

let next = Number(first);
const saveOn = async () => {
  for (;;) {
    const n = next++;
    await writer.save([aReading({ at: NOON + n })], [aChange({ comment: String(n) })]);
    process.stdout.write(`${n}\n`);
  }
};
for (let i = 0; i < IN_FLIGHT; i++) void saveOn();
for (;;) {
  await timers.setTimeout(FLIP_MS);
  called.away = !called.away;
}
