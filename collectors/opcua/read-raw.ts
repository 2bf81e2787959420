import {
  HistoryData,
  HistoryReadRequest,
  ReadRawModifiedDetails,
  TimestampsToReturn,
} from 'node-opcua-client';
import type { DataValue, HistoryReadResult, NodeId } from 'node-opcua-client';
import type { Gap } from '../collector.ts';
import { isServiceFault } from './items.ts';
import type { Session } from './session.ts';

/** At most so many values in one answer, over all nodes of the request. */
const VALUES_PER_ANSWER = 10_000;

/** A node with the points that are read from it. */
export interface Series {
  readonly nodeId: NodeId;
  readonly handles: number[];
}
/** A series, and where the server is to go on with it. */
export interface Page {
  readonly series: Series;
  readonly continuationPoint: Buffer | null;
}
export interface Answer {
  readonly series: Series;
  readonly values: readonly DataValue[];
  /** The status of this node, or of the whole call, where it is bad. */
  readonly bad: string | undefined;
  /** Where there is more. */
  readonly next: Page | undefined;
}

/** One request for some nodes (ReadRaw, OPC 10000-11, 6.5.3). Rejects when the server can be asked for none at all. */
export async function readRaw(
  session: Session,
  pages: readonly Page[],
  { from, to }: Gap,
): Promise<readonly Answer[]> {
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
  try {
    const { results } = await session.historyRead(request);
    return pages.map(({ series }, i) => answerOf(series, results?.[i]));
  } catch (err) {
    const refusal = refusalIn(err);
    if (refusal === undefined) throw err;
    // It may be meant for one node of many: only one that was asked for alone is known by its own status.
    const bad = pages.length > 1 ? 'BadTooManyOperations' : refusal;
    return pages.map(({ series }) => ({ series, values: [], bad, next: undefined }));
  }
}

function answerOf(series: Series, result: HistoryReadResult | undefined): Answer {
  if (result === undefined) return { series, values: [], bad: 'no answer for it', next: undefined };
  const { historyData: data, statusCode } = result;
  const continuationPoint = result.continuationPoint as Buffer | null | undefined;
  const bad = statusCode.isBad() ? statusCode.name : undefined;
  const isLast = bad !== undefined || !continuationPoint || continuationPoint.length === 0;
  return {
    ...{ series, bad },
    values: data instanceof HistoryData ? (data.dataValues ?? []) : [],
    next: isLast ? undefined : { series, continuationPoint },
  };
}

/** The link, the session or the server as a whole: fewer nodes make no difference. */
const NOBODY = /Bad(Session|SecureChannel|Connection|Communication|Server|TcpServer|Shutdown|RequestTimeout)/;

/** Why the server refused a call that it might take of fewer nodes. */
function refusalIn(err: unknown): string | undefined {
  if (!isServiceFault(err) || NOBODY.test(err.message)) return undefined;
  return /Bad\w+/.exec(err.message)?.[0];
}

const nodeToRead = ({ series: { nodeId }, continuationPoint }: Page) => ({
  nodeId,
  ...(continuationPoint === null ? {} : { continuationPoint }),
});

/** Lets the server forget where it was. It does so on its own when the session ends. */
export async function release(session: Session, pages: readonly Page[]): Promise<void> {
  const held = pages.filter(({ continuationPoint }) => continuationPoint !== null);
  if (held.length === 0) return;
  const request = new HistoryReadRequest({
    historyReadDetails: new ReadRawModifiedDetails(),
    timestampsToReturn: TimestampsToReturn.Both,
    releaseContinuationPoints: true,
    nodesToRead: held.map(nodeToRead),
  });
  await Promise.resolve(session.historyRead(request)).catch(() => undefined);
}
