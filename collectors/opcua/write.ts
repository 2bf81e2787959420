import timers from 'node:timers/promises';
import {
  AttributeIds,
  DataType,
  findBasicDataType,
  NodeId,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import type { DataValue, WriteValueOptions } from 'node-opcua-client';
import type { Point, WriteOrder, WriteOutcome } from '../collector.ts';
import { cast, Unfit } from './cast.ts';
import type { OpcuaAddress } from './config.ts';
import { readNames } from './enumeration.ts';
import type { Names } from './enumeration.ts';
import type { Limits } from './limits.ts';
import { resolve } from './nodes.ts';
import { element, only } from './place.ts';
import type { Part } from './place.ts';
import { scalarOf } from './scalar.ts';
import type { Session } from './session.ts';
import { inWords } from './status.ts';
import { until } from './until.ts';

export interface Desk {
  readonly session: Session;
  readonly limits: Limits;
}
/** What must be known of a node before a value is sent to it. */
interface Target {
  readonly point: Point<OpcuaAddress>;
  readonly node: NodeId;
  readonly type: DataType;
  readonly isArray: boolean;
  readonly names: Names | undefined;
}

/** A device shows what it was told after a cycle of its own, or a few. */
const READ_BACK_MS = [0, 50, 150, 300, 500, 1000];

/** Writes in the order given, and reads each node afterwards (see `Writable`). */
export async function write(
  desk: Desk,
  points: readonly Point<OpcuaAddress>[],
  orders: readonly WriteOrder[],
  signal: AbortSignal,
): Promise<WriteOutcome[]> {
  const outcomes: WriteOutcome[] = [];
  for (const order of orders) {
    signal.throwIfAborted();
    const point = points.find(({ tag }) => tag === order.tag);
    outcomes.push(
      point === undefined
        ? { tag: order.tag, state: 'refused', why: 'The source has no such tag.' }
        : await writeOne(desk, point, order, signal),
    );
  }
  return outcomes;
}

async function writeOne(
  desk: Desk,
  point: Point<OpcuaAddress>,
  { tag, value }: WriteOrder,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  try {
    const target = await until(signal, learn(desk, point));
    const sent = cast(target.type, value, target.names);
    return await send(desk, target, sent, signal);
  } catch (err) {
    if (!(err instanceof Unfit)) throw err;
    return { tag, state: 'refused', why: `${point.name}: ${err.message}.` };
  }
}

async function send(desk: Desk, target: Target, sent: unknown, signal: AbortSignal): Promise<WriteOutcome> {
  const { tag, name } = target.point;
  try {
    const status = await until(signal, desk.session.write(request(target, sent)));
    if (status.isBad()) return { tag, state: 'refused', why: `${name}: ${inWords(status)}.` };
  } catch (err) {
    // It may have arrived: nobody may take it for done or for not done.
    const said = err instanceof Error ? err.message : String(err);
    return { tag, state: 'unverified', readBack: null, why: `${name}: no answer to the write (${said}).` };
  }
  return readBack(desk, target, sent, signal);
}

async function readBack(
  { session }: Desk,
  target: Target,
  sent: unknown,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const { tag, name } = target.point;
  let shown: number | string | null = null;
  let why = `${name}: the write was accepted, but the node cannot be read.`;
  for (const pause of READ_BACK_MS) {
    try {
      await timers.setTimeout(pause, undefined, { signal });
      const part = partOf(target, await until(signal, session.read(reading(target), 0)));
      if (part === undefined) continue;
      shown = shownOf(part, target) ?? null;
      if (shown !== null && same(target.type, sent, part.value))
        return { tag, state: 'verified', readBack: shown };
      why = `${name}: the write was accepted, but the node still reads ${String(shown)}.`;
    } catch (err) {
      why = `${name}: the write was accepted, but it could not be read back (${err instanceof Error ? err.message : String(err)}).`;
      break;
    }
  }
  return { tag, state: 'unverified', readBack: shown, why };
}

async function learn({ session, limits }: Desk, point: Point<OpcuaAddress>): Promise<Target> {
  const { node: text, index, path } = point.address;
  if (path !== undefined) throw new Unfit('a member of a structure cannot be written alone');
  const node = resolve(text, await session.readNamespaceArray());
  if (node === undefined) throw new Unfit('the server has no such namespace');
  const [type, rank] = await session.read(
    [AttributeIds.DataType, AttributeIds.ValueRank].map((attributeId) => ({ nodeId: node, attributeId })),
  );
  const typeId: unknown = type?.value.value;
  if (!(typeId instanceof NodeId)) {
    throw new Unfit(
      `the node cannot be asked for its type (${type === undefined ? 'no answer' : inWords(type.statusCode)})`,
    );
  }
  const isArray = typeof rank?.value.value === 'number' && rank.value.value >= 0;
  if (isArray && index === undefined) throw new Unfit('the node is an array: give the tag an index');
  return {
    ...{ point, node, isArray },
    type: await findBasicDataType(session, typeId),
    names: (await readNames(session, limits, [node])).get(node.toString()),
  };
}

function request({ node, point, type }: Target, sent: unknown): WriteValueOptions {
  const { index } = point.address;
  if (index === undefined)
    return {
      nodeId: node,
      attributeId: AttributeIds.Value,
      value: { value: new Variant({ dataType: type, arrayType: VariantArrayType.Scalar, value: sent }) },
    };
  const dimensions = index.split(',').map(() => 1);
  const arrayType = dimensions.length === 1 ? VariantArrayType.Array : VariantArrayType.Matrix;
  const value = new Variant({
    ...{ dataType: type, arrayType, value: [sent] },
    ...(dimensions.length === 1 ? {} : { dimensions }),
  });
  return { nodeId: node, attributeId: AttributeIds.Value, indexRange: rangeOf(index), value: { value } };
}

/** One element: 3, or 1,2 of a matrix (OPC 10000-4, 7.27). */
const rangeOf = (index: string) => index as unknown as NonNullable<WriteValueOptions['indexRange']>;

const reading = ({ node }: Target) => ({ nodeId: node, attributeId: AttributeIds.Value });

function partOf({ point }: Target, data: DataValue): Part | undefined {
  if (data.statusCode.isBad()) return undefined;
  const { index } = point.address;
  return index === undefined
    ? data.value
    : (element(data.value, index.split(',').map(Number)) ?? only(data.value));
}

function shownOf({ dataType, arrayType, value }: Part, { point, names }: Target) {
  const part = { dataType, arrayType, dimensions: null, value };
  return scalarOf(names === undefined ? part : { ...part, names }, point.kind);
}

/** A Double that the device keeps as a Float comes back as the nearest one. */
function same(type: DataType, sent: unknown, shown: unknown): boolean {
  if (type === DataType.Double && typeof sent === 'number')
    return shown === sent || shown === Math.fround(sent);
  return comparable(sent) === comparable(shown);
}

function comparable(value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  if (Array.isArray(value)) return value.map((one) => Number(one) >>> 0).join();
  if (typeof value === 'object' && value !== null && 'text' in value) return value.text;
  return value;
}
