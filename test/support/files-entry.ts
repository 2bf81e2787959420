import { appendFileSync } from 'node:fs';
import timers from 'node:timers/promises';
import { FilesAddress, FilesConfig } from '../../collectors/files/config.ts';
import { files } from '../../collectors/files/files.ts';
import { aPoint, aReport } from './collecting.ts';

// Watches a folder in a process of its own and writes what it has handed over to a log, slowly, until it is killed.
const [folder = '', log = ''] = process.argv.slice(2);
const config = FilesConfig.parse({ folder, pollMs: 100, stillMs: 100, timeColumn: 'Time' });
const points = [aPoint(1, FilesAddress.parse({ column: 'Flow' }))];
const collector = files.open({ config, points, pkiFolder: '' }, aReport().report);
await collector.run(async (batch) => {
  appendFileSync(log, batch.map(({ at, value }) => `${at} ${String(value)}\n`).join(''));
  await timers.setTimeout(20);
}, new AbortController().signal);
