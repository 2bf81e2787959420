import type { Edition } from '../database/db.ts';
import { fault, ok, warning } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Settings } from './store/settings.ts';

const OLDEST = 15;
const NEWEST = 18;
const MOST_SKEW_MS = 2_000;

const alter = (setting: string, value: string): string =>
  `As an administrator of the server: alter system set ${setting} = ${value}; select pg_reload_conf();`;

function versions({ version }: Settings, { server, timescaledb, compression }: Edition): Finding[] {
  const what = `${server} with TimescaleDB ${timescaledb ?? '?'}`;
  const known = version >= OLDEST && version <= NEWEST;
  return [
    known
      ? ok('database version', `${what}.`)
      : warning('database version', `${what} was not tested.`, `Use PostgreSQL ${OLDEST} to ${NEWEST}.`),
    compression
      ? ok('database edition', 'Old readings are compressed (Community edition).')
      : warning(
          'database edition',
          'This edition (Apache) does not compress: readings take about fifteen times the room.',
          "Install the vendor's TimescaleDB package, or plan the disk and retention for it.",
        ),
  ];
}

function safety({ fsync, fullPageWrites, synchronousCommit, checksums }: Settings): Finding[] {
  const check = 'database durability';
  const found: Finding[] = [];
  if (fsync !== 'on')
    found.push(fault(check, 'fsync is off: a power cut can destroy the database.', alter('fsync', 'on')));
  if (fullPageWrites !== 'on')
    found.push(
      fault(
        check,
        'full_page_writes is off: a power cut can leave torn pages.',
        alter('full_page_writes', 'on'),
      ),
    );
  if (synchronousCommit === 'off')
    found.push(
      fault(
        check,
        'synchronous_commit is off: a power cut loses readings that were acknowledged.',
        alter('synchronous_commit', 'on'),
      ),
    );
  if (checksums !== 'on')
    found.push(
      warning(
        check,
        'The server keeps no checksums of its pages: a failing disk is noticed late.',
        'Stop the server and run pg_checksums --enable.',
      ),
    );
  return found.length > 0
    ? found
    : [ok(check, 'fsync, full_page_writes, synchronous_commit and checksums are on.')];
}

function rights({ mayCreate, mayCreateDatabases, inRecovery }: Settings): Finding[] {
  const check = 'database rights';
  if (inRecovery)
    return [
      fault(check, 'This server is a standby and cannot be written.', 'Name the primary in database.url.'),
    ];
  if (!mayCreate)
    return [
      fault(
        check,
        'The role may not create tables.',
        'grant create on schema public to the role in database.url;',
      ),
    ];
  return [
    ok(
      check,
      mayCreateDatabases
        ? 'The role may create tables, and databases for test restores.'
        : 'The role may create tables. It may not create databases: backups are read back, not restored for a test.',
    ),
  ];
}

function room({ maxConnections, inUse, bytes }: Settings, poolSize: number): Finding {
  const check = 'database connections';
  const said = `${inUse} of ${maxConnections} are in use, up to ${poolSize} are ours. The database has ${(bytes / 1e9).toFixed(2)} GB.`;
  return maxConnections - inUse >= poolSize
    ? ok(check, said)
    : warning(check, said, 'Raise max_connections of the server, or lower database.poolSize.');
}

function skew({ now }: Settings, ours: number): Finding {
  const check = 'database clock';
  const ahead = now.getTime() - ours;
  return Math.abs(ahead) <= MOST_SKEW_MS
    ? ok(check, 'The server and this machine agree on the time.')
    : warning(
        check,
        `The server's clock is ${Math.abs(Math.round(ahead / 1000))} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine's.`,
        'Have both synchronised with the same time server.',
      );
}

/** What there is to say of a server. `ours` is the time here when the settings were asked for. */
export const judgeServer = (
  settings: Settings,
  edition: Edition,
  { ours, poolSize }: { readonly ours: number; readonly poolSize: number },
): Finding[] => [
  ...versions(settings, edition),
  ...safety(settings),
  ...rights(settings),
  room(settings, poolSize),
  skew(settings, ours),
];
