import type { BackedUp } from '../platform/backup/daemon.ts';
import type { Values } from '../platform/cli.ts';
import { required } from '../platform/cli.ts';
import { loadConfig } from '../platform/config.ts';
import { centralBackedUp } from '../sync/central/backup.ts';
import { CentralConfig } from '../sync/central/config.ts';
import { gatewayBackedUp } from './backup.ts';
import { GatewayConfig } from './config.ts';

/** For commands that serve both daemons. */
export const daemonOptions = {
  config: {
    type: 'string',
    short: 'c',
    help: 'the configuration file (./gateway.yaml, with --central ./central.yaml)',
  },
  central: { type: 'boolean', help: 'it is the configuration of a central node' },
  data: { type: 'string', help: "another data folder than the file's 'data'" },
} as const;

/** What the configurations of both daemons have. */
type Common = Pick<GatewayConfig | CentralConfig, 'data' | 'web' | 'database' | 'backup'>;

export interface DaemonOf {
  readonly of: BackedUp;
  readonly config: Common & Pick<GatewayConfig, 'centre' | 'plant'>;
}

/** The daemon whose configuration the command names. */
export function daemonOf(values: Values): DaemonOf {
  const central = values['central'] === true;
  const usual = `${central ? 'central' : 'gateway'}.yaml`;
  const file = values['config'] === undefined ? usual : required(values, 'config');
  const { data } = values;
  const place = typeof data === 'string' ? { data } : {};
  if (central) {
    const config = { ...loadConfig(CentralConfig, file), ...place };
    return { of: centralBackedUp(config), config };
  }
  const config = { ...loadConfig(GatewayConfig, file), ...place };
  return { of: gatewayBackedUp(config), config };
}
