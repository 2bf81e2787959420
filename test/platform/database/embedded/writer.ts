// A process of its own that writes to an embedded database until it is killed, and prints what was acknowledged.
import { openDatabase } from '../../../../platform/database/open.ts';
import { createLog } from '../../../../platform/log.ts';

const [, , folder = '', from = '0'] = process.argv;
const db = await openDatabase({
  url: 'embedded',
  folder,
  name: 'writer',
  log: createLog('writer', 'silent'),
});
await db.query('create table if not exists written (time timestamptz not null, n int not null)');
await db.query(`select create_hypertable('written', 'time', if_not_exists => true)`);
await db.query('alter table written set (timescaledb.compress)');
const target = { table: 'written', columns: { time: 'timestamptz', n: 'int4' } } as const;

for (let n = Number(from), turn = 0; ; n += 3, turn++) {
  await db.query('insert into written values (now(), $1)', [n]);
  await db.transaction((tx) =>
    tx.copy(target, [
      [Date.now(), n + 1],
      [Date.now(), n + 2],
    ]),
  );
  process.stdout.write(`${n + 2}\n`);
  if (turn % 10 === 0) await db.query(`select compress_chunk(chunk, true) from show_chunks('written') chunk`);
}
