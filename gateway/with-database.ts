import type { Values } from '../platform/cli.ts';
import { Refusal, required } from '../platform/cli.ts';
import { loadConfig } from '../platform/config.ts';
import type { Database } from '../platform/database/db.ts';
import { migrate } from '../platform/database/migrate.ts';
import { openDatabase } from '../platform/database/open.ts';
import { createLog } from '../platform/log.ts';
import { GatewayConfig } from './config.ts';
import { migrations } from './migrations.ts';

export const configOption = {
  config: {
    type: 'string',
    short: 'c',
    default: 'gateway.yaml',
    help: 'the configuration file (./gateway.yaml)',
  },
  data: { type: 'string', help: "another data folder than the file's 'data'" },
} as const;

export function configOf(values: Values): GatewayConfig {
  const config = loadConfig(GatewayConfig, required(values, 'config'));
  const { data } = values;
  return typeof data === 'string' ? { ...config, data } : config;
}

/** Opens the gateway's database for one command. A running gateway holds its embedded database: that is said. */
export async function withDatabase<T>(
  values: Values,
  work: (db: Database, config: GatewayConfig) => Promise<T>,
): Promise<T> {
  const config = configOf(values);
  const log = createLog('penstock', 'warn');
  await using db = await openDatabase({
    url: config.database.url,
    folder: `${config.data}/database`,
    name: 'penstock command',
    poolSize: 1,
    log,
  });
  if (!db.available) throw new Refusal(db.problem ?? 'The database does not answer.');
  await migrate(db, migrations, log);
  return await work(db, config);
}
