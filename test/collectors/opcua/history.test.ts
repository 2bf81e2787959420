import '../../../collectors/opcua/quiet.ts';
import {
  DataType,
  DataValue,
  HistoryData,
  HistoryReadResponse,
  HistoryReadResult,
  StatusCodes,
  Variant,
} from 'node-opcua-client';
import type { HistoryReadRequest, ReadRawModifiedDetails, StatusCode } from 'node-opcua-client';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import type { Raw } from '../../../history/reading.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import { scriptedServer } from '../../support/opcua-scripted.ts';
import { scratchFolder } from '../../support/opcua-server.ts';

let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  pki = await scratchFolder();
});
afterAll(() => pki[Symbol.asyncDispose]());

const PAGE = 4;
const SAMPLES = 10;
const GAP = { from: Date.UTC(2026, 2, 1), to: Date.UTC(2026, 2, 1) + 600_000 };
const MINUTE = 60_000;

/** One sample a minute of each node, in pages. */
interface Historian {
  /** Why there is nothing, for all nodes of a request or for one of them. */
  refuse?: (asked: { nodes: number; minutes: number }) => StatusCode | undefined;
  refuseNode?: (node: string, asked: { nodes: number; minutes: number }) => StatusCode | undefined;
  /** Nodes that it can be in the middle of at a time. */
  continuationPoints?: number;
}

const samples = Array.from({ length: SAMPLES }, (_, i) => GAP.from + i * MINUTE);
const sample = (at: number) =>
  new DataValue({
    value: new Variant({ dataType: DataType.Double, value: (at - GAP.from) / MINUTE }),
    sourceTimestamp: new Date(at),
  });

function historian(rules: Historian) {
  const open = new Set<string>();
  const one = (node: string, times: readonly number[], point: Buffer | null) => {
    const from = Number(point?.toString() ?? 0);
    open.delete(node);
    const rest = times.slice(from + PAGE);
    if (rest.length > 0 && open.size >= (rules.continuationPoints ?? Infinity))
      return new HistoryReadResult({ statusCode: StatusCodes.BadNoContinuationPoints });
    if (rest.length > 0) open.add(node);
    return new HistoryReadResult({
      statusCode: StatusCodes.Good,
      historyData: new HistoryData({ dataValues: times.slice(from, from + PAGE).map(sample) }),
      ...(rest.length > 0 ? { continuationPoint: Buffer.from(String(from + PAGE)) } : {}),
    });
  };
  return ({ nodesToRead, historyReadDetails, releaseContinuationPoints }: HistoryReadRequest) => {
    const wanted = nodesToRead ?? [];
    if (releaseContinuationPoints) return new HistoryReadResponse({});
    const { startTime, endTime } = historyReadDetails as ReadRawModifiedDetails;
    const [from, to] = [startTime?.getTime() ?? 0, endTime?.getTime() ?? 0];
    const asked = { nodes: wanted.length, minutes: (to - from) / MINUTE };
    const times = samples.filter((at) => at >= from && at < to);
    const refused = rules.refuse?.(asked);
    if (refused !== undefined) return refused;
    const results = wanted.map(({ nodeId, continuationPoint }) => {
      const statusCode = rules.refuseNode?.(String(nodeId.value), asked);
      if (statusCode !== undefined) return new HistoryReadResult({ statusCode });
      return one(String(nodeId.value), times, continuationPoint);
    });
    return new HistoryReadResponse({ results });
  };
}

/** A source of `nodes` nodes at a server that keeps their history by `rules`, which may change. */
async function archive(nodes: number, rules: Historian) {
  const server = await scriptedServer({ HistoryReadRequest: historian(rules) });
  const run = collect(opcua, {
    config: OpcuaConfig.parse({ endpoint: server.endpoint, publishingMs: 100 }),
    points: Array.from({ length: nodes }, (_, i) =>
      aPoint(i, OpcuaAddress.parse({ node: `nsu=urn:test:plant;s=node-${i}` })),
    ),
    ...{ pkiFolder: pki.path, dataFolder: pki.path },
  });
  onTestFinished(async () => {
    await run.stop();
    await server[Symbol.asyncDispose]();
  });
  await vi.waitFor(() => expect(server.requests).toContain('CreateMonitoredItemsRequest'), {
    timeout: 15_000,
  });
  const seen: Raw[] = [];
  const emit = (batch: readonly Raw[]) => {
    seen.push(...batch);
    return Promise.resolve();
  };
  return {
    read: () => run.collector.readHistory!(GAP, emit, new AbortController().signal),
    /** Different readings of a node. */
    of: (tag: number) => new Set(seen.filter((raw) => raw.tag === tag).map(({ at }) => at)).size,
  };
}

test.each([
  ['has room for one unfinished node', { continuationPoints: 1 }],
  ['has room for none', { continuationPoints: 0 }],
  [
    'takes fewer nodes than it says',
    { refuse: ({ nodes }) => (nodes > 2 ? StatusCodes.BadTooManyOperations : undefined) },
  ],
  [
    'runs out of memory for a longer time',
    { refuse: ({ minutes }) => (minutes > 3 ? StatusCodes.BadOutOfMemory : undefined) },
  ],
  [
    'runs out of time for a longer time',
    { refuseNode: (_, { minutes }) => (minutes > 3 ? StatusCodes.BadTimeout : undefined) },
  ],
] satisfies [string, Historian][])('the whole history is read of a server that %s', async (_, rules) => {
  const { read, of } = await archive(5, rules);
  await read();
  expect([0, 1, 2, 3, 4].map(of)).toEqual([SAMPLES, SAMPLES, SAMPLES, SAMPLES, SAMPLES]);
});

test.each(['BadServerTooBusy', 'BadSessionIdInvalid', 'BadOutOfMemory'] as const)(
  'a server that refuses for now (%s) has not been read, and is asked again later',
  async (why) => {
    const rules: Historian = { refuse: () => StatusCodes[why] };
    const { read, of } = await archive(2, rules);
    await expect(read()).rejects.toThrow(why);
    delete rules.refuse;
    await read();
    expect([0, 1].map(of)).toEqual([SAMPLES, SAMPLES]);
  },
);

test('one node that cannot be read for now holds up no other, and is named and asked for again', async () => {
  const rules: Historian = {
    refuseNode: (node) => (node === 'node-1' ? StatusCodes.BadDataUnavailable : undefined),
  };
  const { read, of } = await archive(3, rules);
  await expect(read()).rejects.toThrow(/node-1.*BadDataUnavailable/);
  expect([0, 1, 2].map(of)).toEqual([SAMPLES, 0, SAMPLES]);
  delete rules.refuseNode;
  await read();
  expect(of(1)).toBe(SAMPLES);
});

test('a time without data is no failure, and no reason to ask the node never again', async () => {
  const rules: Historian = { refuseNode: () => StatusCodes.BadNoData };
  const { read, of } = await archive(1, rules);
  expect(await read()).toEqual({ readings: 0 });
  delete rules.refuseNode;
  expect(await read()).toEqual({ readings: SAMPLES });
  expect(of(0)).toBe(SAMPLES);
});
