import type { Raw, TagId } from '../../history/reading.ts';
import type { Emit, Point, Report } from '../collector.ts';
import { messageOf } from '../message-of.ts';
import { picker, readRecord } from '../record.ts';
import { timeReader } from '../wall-time.ts';
import type { HttpAddress, HttpConfig, HttpRequest } from './config.ts';
import { readDocument, wantedFrom } from './document.ts';
import type { Document } from './document.ts';
import type { Documents } from './documents.ts';
import type { Answer } from './exchange.ts';
import type { Fetch } from './fetch.ts';
import { fingerprint } from './memory.ts';
import type { Known, Memory } from './memory.ts';
import { StrangePage, firstUrl, nextUrl } from './pages.ts';

/** What the requests of a source share. */
export interface Shared {
  readonly config: HttpConfig;
  readonly fetch: Fetch;
  readonly memory: Memory;
  readonly documents: Documents;
  readonly report: Report;
}

export interface Task {
  readonly name: string;
  readonly request: HttpRequest;
  readonly points: readonly Point<HttpAddress>[];
}

const BATCH = 2000;

/** Asks once, page by page, and settles when all readings are safe and the way to the next ones is noted. */
export function poller(task: Task, shared: Shared, emit: Emit) {
  const { name, request, points } = task;
  const { report, memory, documents, config } = shared;
  const tags = fingerprint(points);

  return async (now: number, signal: AbortSignal): Promise<void> => {
    const known = memory.get(name);
    const begin = firstUrl(config.url, request, known.newest, now);
    const asked = new Set<string>();
    const progress: Progress = { newest: known.newest, cut: false, records: 0, found: new Set() };
    let url: URL | undefined = begin;
    let first: Answer | undefined;
    for (let index = 0; url !== undefined; index++) {
      asked.add(url.href);
      const answer = await shared.fetch(url, asking(request, known, { url: url.href, tags }), signal);
      if (answer.status === 304) break;
      first ??= answer;
      await keep(documents, { task, page: index, now, body: answer.body }, report);
      const document = await readDocument(answer.body, request);
      const readings = readingsIn(document, task, { now, report });
      await emitAll(emit, readings);
      url = following({ task, report, progress }, answer, document, { index, asked });
      advance(progress, task, document, readings);
    }
    sayEmpty(task, progress, report);
    await emit([]); // the server is there, whatever it had to say
    const next = first === undefined ? known : validators(first, begin.href, tags);
    const newest = progress.newest ?? known.newest;
    await memory.set(name, { ...next, ...(newest === undefined ? {} : { newest }) });
  };
}

/** How far a poll has come. `cut`: there is more that was not asked for. */
interface Progress {
  newest: number | undefined;
  cut: boolean;
  /** Of all pages so far. */
  records: number;
  readonly found: Set<TagId>;
  /** The last one with records. */
  page?: Document;
}

function advance(progress: Progress, { request }: Task, page: Document, readings: readonly Raw[]): void {
  if (page.records.length > 0) progress.page = page;
  progress.records += page.records.length;
  for (const { tag } of readings) progress.found.add(tag);
  if (request.since !== undefined && readings.length > 0) progress.newest = newestOf(progress, readings);
}

/** What was left out lies behind the newest time only where pages go from old to new. */
function newestOf({ newest, cut }: Progress, readings: readonly Raw[]): number | undefined {
  const latest = readings.reduce((most, { at }) => Math.max(most, at), -Infinity);
  if (latest >= (newest ?? -Infinity)) return latest;
  return cut ? undefined : newest;
}

interface Where {
  readonly index: number;
  readonly asked: ReadonlySet<string>;
}

function following(
  { task: { name, request }, report, progress }: { task: Task; report: Report; progress: Progress },
  answer: Answer,
  document: Document,
  { index, asked }: Where,
): URL | undefined {
  try {
    const next = nextUrl(request, answer, document, { index, before: progress.records });
    if (next === undefined) return undefined;
    if (asked.has(next.href)) throw new StrangePage('the pages go round in a circle');
    if (index + 1 < request.maxPages) return next;
    progress.cut = true;
    report.fault('overflow', `${name}: there are more than ${request.maxPages} pages.`, MORE);
  } catch (err) {
    if (!(err instanceof StrangePage)) throw err;
    progress.cut = true;
    report.fault(
      'malformed',
      `${name}: ${err.message}; not followed.`,
      'Compare `pages` with the answers of the server.',
    );
  }
  return undefined;
}

const MORE =
  'Raise `maxPages`, ask for larger pages, or more often. With `since` and pages from old to new the rest comes next time.';

/** RFC 9110, 13.1: only for the same address and the same tags, and never for one page of many. */
function asking({ format, pages }: HttpRequest, known: Known, { url, tags }: { url: string; tags: string }) {
  const accept = { accept: format === 'csv' ? 'text/csv' : 'application/json' };
  if (pages !== undefined || known.url !== url || known.tags !== tags) return accept;
  return {
    ...accept,
    ...(known.etag === undefined ? {} : { 'if-none-match': known.etag }),
    ...(known.lastModified === undefined ? {} : { 'if-modified-since': known.lastModified }),
  };
}

function validators({ headers }: Answer, url: string, tags: string): Known {
  const { etag, 'last-modified': lastModified } = headers;
  if (etag === undefined && lastModified === undefined) return {};
  return {
    url,
    tags,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}

/** The readings of the tags that have a time of their own, then those that have the time of receipt. */
export function readingsIn(
  document: Document,
  { name, request, points }: Task,
  { now, report }: { readonly now: number; readonly report: Pick<Report, 'fault'> },
): Raw[] {
  const { wanted, without } = wantedFrom(points, request, document);
  for (const one of without)
    report.fault(
      'refused address',
      `${one.name}: the answer to ${name} has no column ${one.column}.`,
      COLUMN,
    );
  const pick = picker(wanted);
  const untimed = new Set(wanted.filter(({ time }) => time === undefined).map(({ point }) => point.tag));
  const decimal = request.format === 'csv' ? request.csv.decimal : '.';
  const around = {
    now,
    decimal,
    timeOf: timeReader(request.time),
    fault: report.fault.bind(report),
  } as const;
  const readings: Raw[] = [];
  const latest = new Map<Raw['tag'], Raw>();
  document.records.forEach((record, index) => {
    const place = `${document.placeOf(index)} of ${name}`;
    for (const raw of readRecord(pick(record), record, { ...around, place })) {
      if (untimed.has(raw.tag))
        latest.set(raw.tag, raw); // all have the time of receipt: the last one counts
      else readings.push(raw);
    }
  });
  return [...readings, ...latest.values()];
}

/** A whole answer, all its pages, without a word for a tag: its address points nowhere. */
export function sayEmpty(
  { name, request, points }: Task,
  { page, found, cut }: Pick<Progress, 'page' | 'found' | 'cut'>,
  report: Pick<Report, 'fault'>,
): void {
  if (page === undefined || page.records.length === 0 || request.since !== undefined || cut) return;
  for (const { point } of wantedFrom(points, request, page).wanted)
    if (!found.has(point.tag))
      report.fault('refused address', `${point.name}: the answer to ${name} holds nothing for it.`, PLACE);
}

const PLACE =
  "Compare the tag's `value` and `where` with the document: browse the source to see what it holds.";
const COLUMN = "Compare the tag's address with the header of the table.";

async function emitAll(emit: Emit, readings: readonly Raw[]): Promise<void> {
  for (let i = 0; i < readings.length; i += BATCH) await emit(readings.slice(i, i + BATCH));
}

async function keep(
  documents: Documents,
  { task, page, now, body }: { task: Task; page: number; now: number; body: Buffer },
  report: Report,
): Promise<void> {
  try {
    await documents.keep({ request: task.name, at: now, page, ending: task.request.format, body });
  } catch (err) {
    report.fault(
      'overflow',
      `${task.name}: the raw document cannot be kept: ${messageOf(err)}.`,
      'Look for room on the disk.',
    );
  }
}
