import timers from 'node:timers/promises';
import type { Raw } from '../../history/reading.ts';
import type { Emit, Gap } from '../collector.ts';
import { decode } from './decode.ts';
import type { Reader } from './decode.ts';
import type { Watch } from './items.ts';
import { chunks } from './limits.ts';
import type { Limits } from './limits.ts';
import { resolve } from './nodes.ts';
import { readRaw, release } from './read-raw.ts';
import type { Answer, Page, Series } from './read-raw.ts';
import type { Session } from './session.ts';

/** A stretch that is read of all nodes before the one before it: the newest first. */
const WINDOW_MS = 15 * 60_000;
/** A node of which not even so much can be read is given up, until the gap is asked for again. */
const LEAST_WINDOW_MS = 1_000;
/** Live data has the link for itself at least as long as history had it, within these bounds. */
const REST_MS = { least: 5, most: 1_000 };
/** A server that repeats a page for ever is not followed for ever. */
const PAGES_PER_WINDOW = 10_000;

export interface Archive {
  readonly session: Session;
  readonly limits: Limits;
  readonly watches: readonly Watch[];
  readonly readers: readonly Reader[];
  /** Nodes, by id, of which the server has said that it keeps no history: they are not asked for again. */
  readonly without: Set<string>;
}

/** A gap on its way. */
interface Course {
  readonly archive: Archive;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Nodes, by id, that could not be read to their end, and why. */
  readonly failed: Map<string, string>;
}

/**
 * Emits what the server has recorded in the gap, and says how much. Rejects when something of it could not be read
 * that may be there: after it has emitted all else.
 */
export async function readHistory(
  archive: Archive,
  gap: Gap,
  emit: Emit,
  signal: AbortSignal,
): Promise<{ readonly readings: number }> {
  const all = seriesOf(archive, await archive.session.readNamespaceArray());
  const course: Course = { archive, emit, signal, failed: new Map() };
  let readings = 0;
  for (const window of windows(gap)) {
    const there = all.filter((one) => isOpen(course, one));
    for (const chunk of chunks(there, archive.limits.nodesPerHistoryRead)) {
      readings += await readChunk(course, chunk, window);
    }
  }
  if (course.failed.size > 0) throw incomplete(course.failed);
  return { readings };
}

function incomplete(failed: ReadonlyMap<string, string>): Error {
  const [[node, why] = ['', '']] = failed;
  const others = failed.size > 1 ? ` and ${failed.size - 1} more` : '';
  return new Error(`The server could not read the history of ${node}${others} (${why}).`);
}

/** Each without its own end, so that nothing is read twice; the end of the gap is in the first. */
function* windows({ from, to }: Gap): Generator<Gap> {
  for (let end = to + 1; end > from; end -= WINDOW_MS)
    yield { from: Math.max(from, end - WINDOW_MS), to: end };
}

function seriesOf({ watches }: Archive, namespaces: readonly string[]): Series[] {
  const series = new Map<string, Series>();
  for (const { handle, point } of watches) {
    const nodeId = resolve(point.address.node, namespaces);
    if (nodeId === undefined) continue;
    const known = series.get(nodeId.toString());
    if (known === undefined) series.set(nodeId.toString(), { nodeId, handles: [handle] });
    else known.handles.push(handle);
  }
  return [...series.values()];
}

const isOpen = ({ archive, failed }: Course, { nodeId }: Series): boolean =>
  !archive.without.has(nodeId.toString()) && !failed.has(nodeId.toString());

/** All pages of some nodes in one window. Settles when they are safe. */
async function readChunk(course: Course, chunk: readonly Series[], window: Gap): Promise<number> {
  const { archive, emit, signal } = course;
  let open: Page[] = chunk.map((series) => ({ series, continuationPoint: null }));
  const smaller: Answer[] = [];
  let readings = 0;
  try {
    for (let page = 0; open.length > 0 && page < PAGES_PER_WINDOW; page++) {
      signal.throwIfAborted();
      const begun = performance.now();
      const answers = await readRaw(archive.session, open, window);
      const batch = answers.flatMap((answer) => readingsIn(archive, answer, window));
      open = answers.flatMap(({ next }) => next ?? []);
      smaller.push(...answers.filter((answer) => isForLess(course, answer)));
      if (batch.length > 0) await emit(batch);
      readings += batch.length;
      const restMs = Math.min(REST_MS.most, Math.max(REST_MS.least, performance.now() - begun));
      await timers.setTimeout(restMs, undefined, { signal });
    }
  } finally {
    void release(archive.session, open);
  }
  for (const { series } of open) fail(course, series, `more than ${PAGES_PER_WINDOW} pages`);
  for (const [nodes, stretch] of lessOf(course, smaller, chunk.length, window))
    readings += await readChunk(
      course,
      nodes.filter((one) => isOpen(course, one)),
      stretch,
    );
  return readings;
}

/** What is asked for in place of what was too much: fewer nodes or, of a single one, a shorter time. */
function lessOf(
  course: Course,
  smaller: readonly Answer[],
  of: number,
  { from, to }: Gap,
): (readonly [readonly Series[], Gap])[] {
  const nodes = smaller.map(({ series }) => series);
  const [only] = smaller;
  if (only === undefined) return [];
  if (nodes.length < of) return [[nodes, { from, to }]];
  const middle = nodes.length >> 1;
  if (middle > 0) return [nodes.slice(0, middle), nodes.slice(middle)].map((half) => [half, { from, to }]);
  if (to - from <= LEAST_WINDOW_MS) {
    fail(course, only.series, String(only.bad));
    return [];
  }
  const noon = (from + to) / 2;
  return [
    { from: noon, to },
    { from, to: noon },
  ].map((half) => [nodes, half]);
}

const fail = ({ failed }: Course, { nodeId }: Series, why: string) => void failed.set(nodeId.toString(), why);

/** It has no history, or we may not see it: that does not change while the session lives. */
const NONE =
  /BadHistoryOperation|BadNotSupported|BadServiceUnsupported|BadUserAccessDenied|BadNotReadable|BadNodeId|BadAttributeId/;
/** There is nothing in this window, and there will be nothing. */
const EMPTY = /BadNoData|BadDataLost/;
/** The server has no room or no time for as much. */
const TOO_MUCH =
  /BadTooMany|ContinuationPoint|BadOutOfMemory|BadResourceUnavailable|BadTimeout|TooLarge|BadEncodingLimits/;

/** Takes note of a node that has nothing, or fails. True: less of it may be had. */
function isForLess(course: Course, { series, bad }: Answer): boolean {
  if (bad === undefined || EMPTY.test(bad)) return false;
  if (TOO_MUCH.test(bad)) return true;
  if (NONE.test(bad)) course.archive.without.add(series.nodeId.toString());
  else fail(course, series, bad);
  return false;
}

function readingsIn({ readers }: Archive, { series: { handles }, values }: Answer, { from, to }: Gap): Raw[] {
  const now = Date.now();
  return handles.flatMap((handle) => {
    const reader = readers[handle];
    if (reader === undefined) return [];
    const whole = { ...reader, ranged: false };
    return values.flatMap((value) => {
      const { reading } = decode(whole, value, now);
      return reading !== undefined && reading.at >= from && reading.at < to ? [reading] : [];
    });
  });
}
