import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Point } from '../../collectors/collector.ts';
import { FilesAddress, FilesConfig } from '../../collectors/files/config.ts';
import { files } from '../../collectors/files/files.ts';
import { aPoint, collect } from './collecting.ts';
import { aFolder } from './folder.ts';

export const column = (tag: number, address: unknown, kind: 'number' | 'text' = 'number') =>
  aPoint(tag, FilesAddress.parse(address), kind);
export const flow = column(1, { column: 'Flow' });
export const state = column(2, { column: 'State' }, 'text');

/** As an old program in Germany writes. */
export const german = {
  csv: { delimiter: ';', decimal: ',', encoding: 'latin1' },
  timeColumn: 'Zeit',
  time: { format: 'dd.MM.yyyy HH:mm:ss', zone: 'Europe/Berlin' },
};

/** A watched folder of its own; `put` writes a file there. */
export async function watching(
  points: readonly Point<FilesAddress>[],
  config: object = {},
  hold?: () => Promise<void>,
) {
  const folder = await aFolder();
  const given = { folder: folder.path, pollMs: 100, stillMs: 100, timeColumn: 'Time', ...config };
  const run = collect(files, { config: FilesConfig.parse(given), points, pkiFolder: '' }, hold);
  onTestFinished(async () => {
    await run.stop();
    await folder[Symbol.asyncDispose]();
  });
  const path = (...names: string[]) => join(folder.path, ...names);
  return { ...run, path, put: (name: string, text: string | Uint8Array) => writeFile(path(name), text) };
}
