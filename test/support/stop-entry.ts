// A process that stops as our daemons do: `quick` lets go of what it holds at once, `stuck` never does.
import { createLog } from '../../platform/log.ts';
import { shutdownSignal } from '../../platform/shutdown.ts';

const signal = shutdownSignal(createLog('test', 'silent'));
const busy = setInterval(() => undefined, 1000);
if (process.argv[2] === 'quick') signal.addEventListener('abort', () => clearInterval(busy));
process.stdout.write('ready\n');
