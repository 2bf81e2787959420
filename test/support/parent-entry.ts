import { startProcess } from '../../platform/process.ts';
import type { Entry } from './thread-entry.ts';

// A process with a child: it writes the child's number, and waits to be killed.
const child = startProcess<Entry>({ entry: new URL('./thread-entry.ts', import.meta.url), name: 'child' });
process.stdout.write(String(await child.remote.pid()));
