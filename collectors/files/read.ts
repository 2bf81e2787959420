import type { Raw } from '../../history/reading.ts';
import type { Emit, FaultKind, Point, Report } from '../collector.ts';
import { BrokenTable } from '../csv.ts';
import { picker, readRecord, shown, text } from '../record.ts';
import type { Wanted } from '../record.ts';
import { timeReader } from '../wall-time.ts';
import type { FilesAddress, FilesConfig } from './config.ts';
import { openFile } from './rows.ts';
import type { OpenFile } from './rows.ts';
import { takersOf } from './takers.ts';

/** What became of a file. `reason` says why it is of no use as a whole. */
export interface Outcome {
  readonly rows: number;
  readonly readings: number;
  /** Row by row what could not be used; the first of them only. */
  readonly faults: readonly string[];
  readonly faultCount: number;
  readonly reason?: string;
}

/** Readings on their way at once: so many batches of this size. */
const BATCH = 2000;
const IN_FLIGHT = 4;
/** A file of rubbish is told by its beginning. */
const FAULTS_KEPT = 1000;
const NAMES_KEPT = 20;

export interface FileSource {
  readonly config: FilesConfig;
  readonly points: readonly Point<FilesAddress>[];
  readonly report: Report;
}

/** Reads a file to its end and settles when all its readings are safe. Rejects only when they could not be handed over. */
export async function readFile(
  { config, points, report }: FileSource,
  file: { readonly path: string; readonly name: string },
  emit: Emit,
  signal: AbortSignal,
): Promise<Outcome> {
  const notes = faultNotes(report);
  const outlet = batches(emit);
  const tally = { rows: 0 };
  const outcome = (reason?: string): Outcome => ({
    ...tally,
    readings: outlet.count(),
    ...notes.all(),
    ...(reason === undefined ? {} : { reason }),
  });
  try {
    const open = await openFile(file.path, config, signal);
    if (open === undefined) return outcome();
    const takers = takersOf(points, config, open.head);
    for (const { name, column } of takers.without)
      notes.fault('refused address', `${name}: ${file.name} has no ${column}.`, COLUMNS);
    if (takers.wanted.length === 0 && points.length > 0)
      return outcome(`No tag finds its columns. ${headOf(open)}`);
    await readRows(open, { config, wanted: takers.wanted, name: file.name }, notes.fault, (readings) => {
      tally.rows++;
      return outlet.add(readings);
    });
    return outcome();
  } catch (err) {
    if (!(err instanceof BrokenTable)) throw err;
    report.fault('malformed', `${file.name}: ${err.message}.`, ROWS);
    return outcome(err.message);
  } finally {
    await outlet.drain();
  }
}

interface Rows {
  readonly config: FilesConfig;
  readonly wanted: readonly Wanted[];
  /** Of the file. */
  readonly name: string;
}

/** Hands over the readings of each row in turn. */
async function readRows(
  { head, rows }: OpenFile,
  { config, wanted, name }: Rows,
  fault: Report['fault'],
  add: (readings: readonly Raw[]) => Promise<void>,
): Promise<void> {
  const pick = picker(wanted);
  const unknown = new Set<string>();
  const tagOf = config.long === undefined ? undefined : head.field(config.long.tag);
  const { decimal } = config.csv;
  const timeOf = timeReader(config.time);
  for await (const { line, record, wrong } of rows) {
    const place = `line ${line} of ${name}`;
    if (wrong !== undefined) fault('malformed', `${place} ${wrong}; not used.`, ROWS);
    const found = wrong === undefined ? pick(record) : [];
    if (wrong === undefined && found.length === 0 && tagOf !== undefined && unknown.size < FAULTS_KEPT)
      unknown.add(text(tagOf(record)));
    await add(readRecord(found, record, { now: Date.now(), decimal, timeOf, place, fault }));
  }
  if (unknown.size > 0)
    fault('unknown topic', unknownNames(unknown, name), 'Add tags for them, or leave them out.');
}

const COLUMNS = "Compare the tag's address with the header of the file.";
const ROWS =
  'Compare delimiter, quote, encoding and `skip` with the file, or mend the program that writes it.';

const headOf = ({ head }: OpenFile): string =>
  head.columns === undefined ? '' : `The first row is: ${shown(head.columns.join(' | '))}.`;

function unknownNames(names: ReadonlySet<string>, file: string): string {
  const some = [...names].slice(0, NAMES_KEPT).map((name) => shown(name));
  return `${names.size} names in ${file} belong to no tag: ${some.join(', ')}${names.size > some.length ? ', …' : '.'}`;
}

function faultNotes(report: Report) {
  const faults: string[] = [];
  let faultCount = 0;
  return {
    fault: (kind: FaultKind, what: string, remedy: string) => {
      faultCount++;
      if (faults.length < FAULTS_KEPT) faults.push(what);
      report.fault(kind, what, remedy);
    },
    all: () => ({ faults, faultCount }),
  };
}

/** Hands readings over in batches, a few at once, and never more than that. */
function batches(emit: Emit) {
  const flying = new Set<Promise<void>>();
  let open: Raw[] = [];
  let count = 0;
  const flush = () => {
    const flight = emit(open).finally(() => flying.delete(flight));
    flight.catch(() => undefined); // who waits for the next one, or for all, learns of it
    flying.add(flight);
    open = [];
  };
  return {
    count: () => count,
    async add(readings: readonly Raw[]) {
      count += readings.length;
      open.push(...readings);
      if (open.length < BATCH) return;
      if (flying.size >= IN_FLIGHT) await Promise.race(flying);
      flush();
    },
    async drain() {
      if (open.length > 0) flush();
      await Promise.all(flying);
    },
  };
}
