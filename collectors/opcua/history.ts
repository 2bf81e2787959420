import timers from 'node:timers/promises';
import {
  HistoryData,
  HistoryReadRequest,
  ReadRawModifiedDetails,
  TimestampsToReturn,
} from 'node-opcua-client';
import type { HistoryReadResult, NodeId } from 'node-opcua-client';
import type { Raw } from '../../history/reading.ts';
import type { Emit, Gap } from '../collector.ts';
import { decode } from './decode.ts';
import type { Reader } from './decode.ts';
import { isServiceFault } from './items.ts';
import type { Watch } from './items.ts';
import { chunks } from './limits.ts';
import type { Limits } from './limits.ts';
import { resolve } from './nodes.ts';
import type { Session } from './session.ts';

/** A stretch that is read of all nodes before the one before it: the newest first. */
const WINDOW_MS = 15 * 60_000;
/** At most so many values in one answer, over all nodes of the request. */
const VALUES_PER_ANSWER = 10_000;
/** Live data has the link for itself at least as long as history had it, within these bounds. */
const REST_MS = { least: 5, most: 1_000 };
/** A server that repeats a page for ever is not followed for ever. */
const PAGES_PER_WINDOW = 10_000;

/** A node with the points that are read from it. */
interface Series {
  readonly nodeId: NodeId;
  readonly handles: number[];
}
export interface Archive {
  readonly session: Session;
  readonly limits: Limits;
  readonly watches: readonly Watch[];
  readonly readers: readonly Reader[];
  /** Nodes, by id, of which the server has said that it keeps no history: they are not asked for again. */
  readonly without: Set<string>;
}

/** Emits what the server has recorded in the gap (ReadRaw, OPC 10000-11, 6.5.3), and says how much. */
export async function readHistory(
  archive: Archive,
  gap: Gap,
  emit: Emit,
  signal: AbortSignal,
): Promise<{ readonly readings: number }> {
  const all = seriesOf(archive, await archive.session.readNamespaceArray());
  let readings = 0;
  for (const window of windows(gap)) {
    const there = all.filter(({ nodeId }) => !archive.without.has(nodeId.toString()));
    for (const chunk of chunks(there, archive.limits.nodesPerHistoryRead)) {
      readings += await readChunk(archive, chunk, window, { emit, signal });
    }
  }
  return { readings };
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

interface Reach {
  readonly emit: Emit;
  readonly signal: AbortSignal;
}
/** A series, and where the server is to go on with it. */
interface Page {
  readonly series: Series;
  readonly continuationPoint: Buffer | null;
}

/** All pages of some nodes in one window. Settles when they are safe. */
async function readChunk(
  archive: Archive,
  chunk: readonly Series[],
  window: Gap,
  { emit, signal }: Reach,
): Promise<number> {
  let open: Page[] = chunk.map((series) => ({ series, continuationPoint: null }));
  let readings = 0;
  try {
    for (let page = 0; open.length > 0 && page < PAGES_PER_WINDOW; page++) {
      signal.throwIfAborted();
      const begun = performance.now();
      const results = await ask(archive, open, window);
      const batch = open.flatMap(({ series }, i) => readingsIn(archive, series, results[i], window));
      open = open.flatMap((one, i) => next(archive, one, results[i]));
      if (batch.length > 0) await emit(batch);
      readings += batch.length;
      const restMs = Math.min(REST_MS.most, Math.max(REST_MS.least, performance.now() - begun));
      await timers.setTimeout(restMs, undefined, { signal });
    }
  } finally {
    if (open.some(({ continuationPoint }) => continuationPoint !== null)) void release(archive, open);
  }
  return readings;
}

/** Servers that refuse a whole call are asked node by node. */
async function ask(
  archive: Archive,
  pages: readonly Page[],
  window: Gap,
): Promise<(HistoryReadResult | undefined)[]> {
  try {
    return await historyRead(archive, pages, window);
  } catch (err) {
    if (!isRefusal(err)) throw err;
    const [only] = pages;
    if (pages.length > 1) {
      const middle = pages.length >> 1;
      const first = await ask(archive, pages.slice(0, middle), window);
      return [...first, ...(await ask(archive, pages.slice(middle), window))];
    }
    if (only !== undefined) archive.without.add(only.series.nodeId.toString());
    return [undefined];
  }
}

const isRefusal = (err: unknown): boolean =>
  isServiceFault(err) ||
  (err instanceof Error && /^(Bad(?!Session|SecureChannel|Connection|Timeout)\w+)/.test(err.message));

async function historyRead(
  { session }: Archive,
  pages: readonly Page[],
  { from, to }: Gap,
): Promise<HistoryReadResult[]> {
  const request = new HistoryReadRequest({
    historyReadDetails: new ReadRawModifiedDetails({
      isReadModified: false,
      startTime: new Date(Math.floor(from)),
      endTime: new Date(Math.ceil(to)),
      numValuesPerNode: Math.max(1, Math.floor(VALUES_PER_ANSWER / pages.length)),
      returnBounds: false,
    }),
    timestampsToReturn: TimestampsToReturn.Both,
    releaseContinuationPoints: false,
    nodesToRead: pages.map(nodeToRead),
  });
  return (await session.historyRead(request)).results ?? [];
}

const nodeToRead = ({ series: { nodeId }, continuationPoint }: Page) => ({
  nodeId,
  ...(continuationPoint === null ? {} : { continuationPoint }),
});

/** Lets the server forget where it was. It does so on its own when the session ends. */
async function release({ session }: Archive, pages: readonly Page[]): Promise<void> {
  const held = pages.filter(({ continuationPoint }) => continuationPoint !== null);
  const request = new HistoryReadRequest({
    historyReadDetails: new ReadRawModifiedDetails(),
    timestampsToReturn: TimestampsToReturn.Both,
    releaseContinuationPoints: true,
    nodesToRead: held.map(nodeToRead),
  });
  await Promise.resolve(session.historyRead(request)).catch(() => undefined);
}

/** It has no history, or we may not see it: that does not change while the session lives. */
const NONE =
  /BadHistoryOperation|BadNotSupported|BadServiceUnsupported|BadUserAccessDenied|BadNotReadable|BadNodeId|BadAttributeId|BadNoData$/;

function next({ without }: Archive, page: Page, result: HistoryReadResult | undefined): Page[] {
  if (result === undefined) return [];
  const { statusCode, continuationPoint } = result;
  if (NONE.test(statusCode.name)) without.add(page.series.nodeId.toString());
  const more = continuationPoint as Buffer | null | undefined;
  if (statusCode.isBad() || more === null || more === undefined || more.length === 0) return [];
  return [{ series: page.series, continuationPoint: more }];
}

function readingsIn(
  { readers }: Archive,
  { handles }: Series,
  result: HistoryReadResult | undefined,
  { from, to }: Gap,
): Raw[] {
  const data = result?.historyData;
  const values = data instanceof HistoryData ? (data.dataValues ?? []) : [];
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
