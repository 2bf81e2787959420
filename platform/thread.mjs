// The first file of every worker thread and child process: teaches Node to load TypeScript when running from source, then
// the entry.
import { workerData } from 'node:worker_threads';

const { entry } = workerData ?? JSON.parse(process.argv[2]);
if (entry.endsWith('.ts')) {
  const { register } = await import('tsx/esm/api');
  register();
}
await import(entry);
