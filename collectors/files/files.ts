import { watch } from 'node:fs';
import timers from 'node:timers/promises';
import { stat } from 'node:fs/promises';
import type { Emit, Protocol } from '../collector.ts';
import { messageOf } from '../message-of.ts';
import { FilesAddress, FilesConfig } from './config.ts';
import { browse } from './browse.ts';
import { filesIn, putAway, stateOf, stillness } from './folder.ts';
import type { FoundFile } from './folder.ts';
import { readFile } from './read.ts';
import type { FileSource } from './read.ts';
import { test } from './test.ts';

export const files: Protocol<FilesConfig, FilesAddress> = {
  name: 'files',
  config: FilesConfig,
  address: FilesAddress,
  open({ config, points }, report) {
    const source: FileSource = { config, points, report };
    return {
      run: (emit, signal) => watchFolder(source, emit, signal),
      test: (signal) => test(source, signal),
      browse: (request, signal) => browse(config, request, signal),
    };
  },
};

async function watchFolder(source: FileSource, emit: Emit, signal: AbortSignal): Promise<void> {
  const { config, report } = source;
  const still = stillness(config.stillMs);
  /** Files that have been read but could not be moved: they are read again only when they change. */
  const stuck = new Map<string, string>();
  await using hint = hints(config.folder);
  report.log.info({ folder: config.folder }, 'Watching the folder.');

  while (!signal.aborted) {
    const found = (await filesIn(config, config.folder)).filter(
      (file) => stuck.get(file.name) !== stateOf(file),
    );
    await emit([]); // the folder is there, whatever lies in it
    const ready = config.ready === 'done-file' ? found : still(found, Date.now());
    for (const file of ready) await take(file, source, { emit, stuck }, signal);
    const soon = ready.length < found.length ? config.stillMs : config.pollMs;
    await hint.orAfter(Math.min(soon, config.pollMs), signal);
  }
}

interface Taking {
  readonly emit: Emit;
  readonly stuck: Map<string, string>;
}

/** Reads one file; only when all of it is safe does it leave the folder. */
async function take(
  file: FoundFile,
  source: FileSource,
  { emit, stuck }: Taking,
  signal: AbortSignal,
): Promise<void> {
  const { config, report } = source;
  signal.throwIfAborted();
  const outcome = await readFile(source, file, emit, signal).catch((err: unknown) => {
    if (!isNode(err, 'ENOENT', 'EACCES', 'EPERM')) throw err;
    report.fault(
      'malformed',
      `${file.name} cannot be read: ${err.message}.`,
      `Let this program read ${config.folder}.`,
    );
    return undefined;
  });
  if (outcome === undefined) return;
  if (await hasGrown(file)) return; // somebody still writes: it is read again when it holds still
  try {
    const target = await putAway(file, config, outcome);
    const { rows, readings, faultCount } = outcome;
    const said = { file: target, rows, readings, faults: faultCount };
    if (outcome.reason === undefined) report.log.info(said, 'Read a file.');
    else report.log.warn({ ...said, reason: outcome.reason }, 'A file could not be used.');
  } catch (err) {
    stuck.set(file.name, stateOf(file));
    report.fault(
      'overflow',
      `${file.name} was read, but cannot be moved away: ${messageOf(err)}.`,
      `Let this program write to ${config.folder} and to the folders for done and failed files; look for room on the disk.`,
    );
  }
}

async function hasGrown(file: FoundFile): Promise<boolean> {
  const state = await stat(file.path).catch(() => undefined);
  return (
    state === undefined || stateOf({ ...file, size: state.size, changedAt: state.mtimeMs }) !== stateOf(file)
  );
}

const isNode = (err: unknown, ...codes: string[]): err is NodeJS.ErrnoException =>
  err instanceof Error && codes.includes(String((err as NodeJS.ErrnoException).code));

/** Wakes a sleeper when the folder changes. Network folders give no notice: there the period alone counts. */
function hints(folder: string) {
  let wake = new AbortController();
  const watcher = watch(folder, () => wake.abort());
  watcher.on('error', () => watcher.close());
  return {
    async orAfter(ms: number, signal: AbortSignal) {
      await timers
        .setTimeout(ms, undefined, { signal: AbortSignal.any([signal, wake.signal]) })
        .catch(() => undefined);
      // A file that is being written gives a thousand notices.
      if (wake.signal.aborted)
        await timers.setTimeout(Math.min(ms, 50), undefined, { signal }).catch(() => undefined);
      wake = new AbortController();
    },
    [Symbol.asyncDispose]() {
      watcher.close();
      return Promise.resolve();
    },
  };
}
