import { AttributeIds, DataType, makeBrowsePath, NodeId } from 'node-opcua-client';
import type { BrowsePath, DataValue, Variant } from 'node-opcua-client';
import { chunks } from './limits.ts';
import type { Limits } from './limits.ts';
import type { Session } from './session.ts';

/** What the numbers of an enumeration are called. */
export type Names = ReadonlyMap<number, string>;

/** What the standard itself defines up to here are plain types, not enumerations. */
const LAST_BUILT_IN = 25;
const INTEGERS: readonly number[] = [...Array(10).keys()].concat([26, 27, 28]); // also Number, Integer, UInteger
/** Of a variable (OPC 10000-8, 5.3.3) or of its type (OPC 10000-3, 5.8.3). */
const PROPERTIES = ['EnumStrings', 'EnumValues', 'FalseState', 'TrueState'] as const;

/** The names that the server has for the values of nodes, by node. Most nodes have none. */
export async function readNames(
  session: Session,
  limits: Limits,
  nodes: readonly NodeId[],
): Promise<ReadonlyMap<string, Names>> {
  const types = await read(session, limits, nodes, AttributeIds.DataType);
  const typed = nodes.flatMap((node, i) => {
    const type: unknown = types[i]?.value.value;
    return type instanceof NodeId && mayHaveNames(type) ? [{ node, type }] : [];
  });
  const own = await byProperty(
    session,
    limits,
    typed.map(({ node }) => node),
  );
  const foreign = typed.filter(({ node, type }) => !own.has(node.toString()) && !isPlain(type));
  const ofTypes = await namesOfTypes(session, limits, distinct(foreign.map(({ type }) => type)));
  for (const { node, type } of foreign) {
    const names = ofTypes.get(type.toString());
    if (names !== undefined) own.set(node.toString(), names);
  }
  return own;
}

const isPlain = ({ namespace, value }: NodeId): boolean =>
  namespace === 0 && typeof value === 'number' && (value <= LAST_BUILT_IN || INTEGERS.includes(value));
const mayHaveNames = (type: NodeId): boolean => !isPlain(type) || INTEGERS.includes(Number(type.value));
const distinct = (ids: readonly NodeId[]): NodeId[] => [
  ...new Map(ids.map((id) => [id.toString(), id])).values(),
];

/** Newer servers describe the type itself (OPC 10000-3, 8.49); older ones by its properties. */
async function namesOfTypes(session: Session, limits: Limits, types: readonly NodeId[]) {
  const definitions = await read(session, limits, types, AttributeIds.DataTypeDefinition);
  const found = new Map<string, Names>();
  for (const [i, type] of types.entries()) {
    const names = valuesOf(definitions[i]?.value.value);
    if (names.size > 0) found.set(type.toString(), names);
  }
  const rest = types.filter((type) => !found.has(type.toString()));
  return new Map([...found, ...(await byProperty(session, limits, rest))]);
}

/** An EnumDefinition, or the list that is the value of EnumValues. */
function valuesOf(described: unknown): Names {
  const list: unknown = Array.isArray(described)
    ? described
    : (described as { fields?: unknown } | null)?.fields;
  const entries = Array.isArray(list) ? (list as readonly Described[]) : [];
  return new Map(
    entries.flatMap(({ value, displayName, name }) => {
      const text = displayName?.text ?? name;
      return Array.isArray(value) && text ? [[(value[0] << 32) | (value[1] | 0), text] as const] : [];
    }),
  );
}
interface Described {
  readonly value?: readonly [high: number, low: number];
  readonly displayName?: { readonly text?: string | null };
  readonly name?: string | null;
}

async function byProperty(session: Session, limits: Limits, nodes: readonly NodeId[]) {
  const paths = nodes.flatMap((node) => PROPERTIES.map((name) => makeBrowsePath(node, `.${name}`)));
  const found: { node: NodeId; property: (typeof PROPERTIES)[number]; id: NodeId }[] = [];
  for (const [i, id] of (await translate(session, limits, paths)).entries()) {
    const [node, property] = [nodes[Math.floor(i / PROPERTIES.length)], PROPERTIES[i % PROPERTIES.length]];
    if (id !== undefined && node !== undefined && property !== undefined) found.push({ node, property, id });
  }
  const ids = found.map(({ id }) => id);
  const values = await read(session, limits, ids, AttributeIds.Value);
  const names = new Map<string, Names>();
  for (const [i, { node, property }] of found.entries()) {
    const variant = values[i]?.value;
    if (variant === undefined) continue;
    const key = node.toString();
    names.set(key, new Map([...(names.get(key) ?? []), ...namesIn(property, variant)]));
  }
  return names;
}

function namesIn(property: (typeof PROPERTIES)[number], { dataType, value }: Variant): Names {
  const text = (one: unknown): string => (one as { text?: string | null } | null)?.text ?? '';
  if (property === 'EnumValues') return valuesOf(value);
  if (property === 'EnumStrings')
    return new Map((Array.isArray(value) ? value : []).map((one, i) => [i, text(one)]));
  return dataType === DataType.LocalizedText
    ? new Map([[property === 'TrueState' ? 1 : 0, text(value)]])
    : new Map();
}

async function translate(session: Session, limits: Limits, paths: readonly BrowsePath[]) {
  const ids: (NodeId | undefined)[] = [];
  for (const chunk of chunks(paths, limits.pathsPerTranslate)) {
    const results = await session.translateBrowsePath(chunk);
    ids.push(
      ...results.map(({ statusCode, targets }) => (statusCode.isGood() ? targets?.[0]?.targetId : undefined)),
    );
  }
  return ids;
}

async function read(
  session: Session,
  limits: Limits,
  nodes: readonly NodeId[],
  attributeId: AttributeIds,
): Promise<DataValue[]> {
  const values: DataValue[] = [];
  for (const chunk of chunks(nodes, limits.nodesPerRead)) {
    values.push(...(await session.read(chunk.map((nodeId) => ({ nodeId, attributeId })))));
  }
  return values;
}
