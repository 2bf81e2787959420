// A centre's dispatcher as a process of its own: `dispatch-entry DATABASE-URL FOLDER CLUSTER-CONFIG KEY-FILE`. It goes on
// until it is killed.
import { readFileSync } from 'node:fs';
import { createLog } from '../../platform/log.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { ClusterConfig } from '../../sync/central/slurm/config.ts';
import { openCluster } from '../../sync/central/slurm/cluster.ts';
import { slurmExecutor } from '../../sync/central/slurm/executor.ts';
import { DEFAULT_TEMPLATE } from '../../sync/central/slurm/script.ts';
import { readTemplate } from '../../sync/central/slurm/template.ts';
import { runDispatch } from '../../sync/central/dispatch.ts';
import { aDispatcher } from './training.ts';

const [url = '', folder = '', config = '', key = ''] = process.argv.slice(2);
const log = createLog('test', 'warn');
const db = await openDatabase({ url, folder, name: 'test', log });
const cluster = openCluster(ClusterConfig.parse(JSON.parse(config)), readFileSync(key, 'utf8'), log);
const executor = slurmExecutor({ cluster, template: readTemplate(DEFAULT_TEMPLATE), folder });
const dispatcher = { ...aDispatcher(db, [executor]), db };
await runDispatch(dispatcher, [executor], new AbortController().signal);
