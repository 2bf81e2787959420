import type { Command } from '../../platform/cli.ts';
import { required } from '../../platform/cli.ts';
import { loadConfig } from '../../platform/config.ts';
import { createLog } from '../../platform/log.ts';
import { shutdownSignal } from '../../platform/shutdown.ts';
import { CentralConfig } from './config.ts';
import { runCentral } from './main.ts';

export const central: Command = {
  name: 'central',
  summary: 'Runs the central node of a fleet until SIGTERM.',
  options: {
    config: {
      type: 'string',
      short: 'c',
      default: 'central.yaml',
      help: 'the configuration file (./central.yaml)',
    },
    data: { type: 'string', help: "another data folder than the file's 'data'" },
  },
  async run(values) {
    const config = loadConfig(CentralConfig, required(values, 'config'));
    const { data } = values;
    const log = createLog('central', config.log.level);
    await runCentral(typeof data === 'string' ? { ...config, data } : config, log, shutdownSignal(log));
  },
};
