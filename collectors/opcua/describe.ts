import {
  AccessLevelFlag,
  AttributeIds,
  DataType,
  findBasicDataType,
  NodeClass,
  NodeId,
  VariantArrayType,
} from 'node-opcua-client';
import type { DataValue } from 'node-opcua-client';
import type { Place } from '../collector.ts';
import { readNames } from './enumeration.ts';
import type { Names } from './enumeration.ts';
import { isServiceFault } from './items.ts';
import { chunks } from './limits.ts';
import { readMeasures } from './measure.ts';
import type { Measure } from './measure.ts';
import { scalarOf } from './scalar.ts';
import type { Session } from './session.ts';
import { until } from './until.ts';
import type { Desk } from './write.ts';

export const METHOD: number = NodeClass.Method;
const VARIABLE: number = NodeClass.Variable;

/** A node that a browse has come upon. */
export interface Found {
  readonly id: NodeId;
  readonly parent: NodeId;
  readonly nodeClass: number;
  readonly name: string;
  /** Where it is a variable of a type of somebody's own. */
  readonly mayHaveParts: boolean;
}

const ATTRIBUTES = {
  description: AttributeIds.Description,
  dataType: AttributeIds.DataType,
  rank: AttributeIds.ValueRank,
  value: AttributeIds.Value,
  access: AttributeIds.AccessLevel,
  userAccess: AttributeIds.UserAccessLevel,
} as const;
type Attributes = Readonly<Partial<Record<keyof typeof ATTRIBUTES, DataValue>>>;
const NUMBERS: readonly DataType[] = [
  ...[DataType.Boolean, DataType.SByte, DataType.Byte, DataType.Int16, DataType.UInt16, DataType.Int32],
  ...[DataType.UInt32, DataType.Int64, DataType.UInt64, DataType.Float, DataType.Double],
];
const TEXTS: readonly DataType[] = [
  ...[DataType.String, DataType.DateTime, DataType.Guid, DataType.XmlElement, DataType.LocalizedText],
  ...[DataType.QualifiedName, DataType.NodeId, DataType.ExpandedNodeId, DataType.StatusCode],
];

/** `nsu=URI;s=…`, as an address has it: it survives a server that renumbers its namespaces. */
export function stableId(id: NodeId, namespaces: readonly string[]): string {
  const [, text = id.toString()] = /^ns=\d+;(.*)$/s.exec(id.toString()) ?? [];
  const uri = id.namespace === 0 ? undefined : namespaces[id.namespace];
  return uri === undefined ? `ns=${id.namespace};${text}` : `nsu=${uri};${text}`;
}

/** All that a person needs to choose: asked for the whole page in a few calls. */
export async function describePlaces(
  desk: Desk,
  namespaces: readonly string[],
  page: readonly Found[],
  signal: AbortSignal,
): Promise<Place[]> {
  const { session, limits } = desk;
  const variables = page.filter(({ nodeClass }) => nodeClass === VARIABLE).map(({ id }) => id);
  const facts: Facts = {
    attributes: await until(signal, readAttributes(desk, page)),
    // Small servers have no TranslateBrowsePaths: then places go without units and names.
    measures: await until(signal, readMeasures(desk, variables).catch(whenRefused)),
    names: await until(signal, readNames(session, limits, variables).catch(whenRefused)),
    types: readTypes(session),
  };
  const places: Place[] = [];
  for (const found of page) places.push(await until(signal, placeOf(session, found, facts, namespaces)));
  return places;
}

function whenRefused(err: unknown): ReadonlyMap<string, never> {
  if (isServiceFault(err)) return new Map<string, never>();
  throw err;
}

interface Facts {
  readonly attributes: ReadonlyMap<string, Attributes>;
  readonly measures: ReadonlyMap<string, Measure>;
  readonly names: ReadonlyMap<string, Names>;
  readonly types: (dataType: DataValue | undefined) => Promise<{ name: string; basic: DataType }>;
}

async function placeOf(
  session: Session,
  found: Found,
  facts: Facts,
  namespaces: readonly string[],
): Promise<Place> {
  const key = found.id.toString();
  const attributes = facts.attributes.get(key) ?? {};
  const bare: Place = {
    id: stableId(found.id, namespaces),
    name: found.name,
    description: textIn(attributes.description),
    branch: true,
    ...{ address: null, kind: null, type: '', unit: '', range: null, value: null, writable: false },
  };
  if (found.nodeClass === METHOD) return methodPlace(session, bare, found, namespaces);
  if (found.nodeClass !== VARIABLE) return bare;
  const type = await facts.types(attributes.dataType);
  return {
    ...bare,
    ...signalOf(bare.id, { ...attributes, branch: found.mayHaveParts }, type, facts.names.get(key)),
    ...facts.measures.get(key),
  };
}

function signalOf(
  node: string,
  { rank, value, access, userAccess, branch }: Attributes & { readonly branch: boolean },
  type: { readonly name: string; readonly basic: DataType },
  names: Names | undefined,
): Pick<Place, 'branch' | 'address' | 'kind' | 'type' | 'value' | 'writable'> {
  const isArray = Number(rank?.value.value ?? -1) >= 0;
  const kind = isArray ? null : kindOf(type.basic, names);
  return {
    branch: kind === null || branch,
    address: kind === null ? null : { node },
    kind,
    type: isArray ? `${type.name}[]` : type.name,
    value: kind === null ? null : shownOf(value, kind, names),
    writable: [access, userAccess].every(mayWrite),
  };
}

/** The elements of an array, each of them a signal. Null: the node is none. */
export async function elementPlaces(
  desk: Desk,
  id: NodeId,
  name: string,
  node: string,
): Promise<Place[] | null> {
  const { attributes, value } = await arrayAt(desk, id);
  if (value === undefined) return null;
  const type = await readTypes(desk.session)(attributes.dataType);
  const kind = kindOf(type.basic, undefined);
  if (kind === null) return null;
  const writable = [attributes.access, attributes.userAccess].every(mayWrite);
  return Array.from(value, (one, i): Place => {
    const scalar = { dataType: type.basic, arrayType: VariantArrayType.Scalar, dimensions: null, value: one };
    return {
      id: `${node}[${i}]`,
      name: `${name}[${i}]`,
      description: '',
      branch: false,
      address: { node, index: String(i) },
      ...{ kind, type: type.name, unit: '', range: null, writable },
      value: scalarOf(scalar, kind) ?? null,
    };
  });
}

async function arrayAt(desk: Desk, id: NodeId) {
  const found = { id, parent: id, nodeClass: VARIABLE, name: '', mayHaveParts: true };
  const attributes = (await readAttributes(desk, [found])).get(id.toString()) ?? {};
  const variant = attributes.value?.value;
  const flat =
    variant?.arrayType === VariantArrayType.Array ? (variant.value as ArrayLike<unknown>) : undefined;
  return { attributes, value: flat };
}

function shownOf(data: DataValue | undefined, kind: 'number' | 'text', names: Names | undefined) {
  if (data === undefined || data.statusCode.isBad()) return null;
  const { dataType, arrayType } = data.value;
  const value: unknown = data.value.value;
  const part = { dataType, arrayType, dimensions: null, value, ...(names === undefined ? {} : { names }) };
  return scalarOf(part, kind) ?? null;
}

function kindOf(type: DataType, names: Names | undefined): 'number' | 'text' | null {
  if (NUMBERS.includes(type)) return names === undefined || type === DataType.Boolean ? 'number' : 'text';
  return TEXTS.includes(type) ? 'text' : null;
}

const mayWrite = (level: DataValue | undefined): boolean =>
  (Number(level?.value.value ?? 0) & AccessLevelFlag.CurrentWrite) !== 0;
const textIn = (data: DataValue | undefined): string =>
  (data?.value.value as { text?: string | null } | null | undefined)?.text ?? '';

/** A method says in its type what it takes and gives; its address is what `invoke` asks for. */
async function methodPlace(
  session: Session,
  bare: Place,
  { id, parent }: Found,
  namespaces: readonly string[],
): Promise<Place> {
  const { inputArguments, outputArguments } = await session
    .getArgumentDefinition(id)
    .catch((err: unknown) => {
      whenRefused(err);
      return { inputArguments: [], outputArguments: [] };
    });
  const list = (all: typeof inputArguments) => all.map(({ name }) => name ?? '').join(', ');
  return {
    ...bare,
    branch: false,
    type: 'Method',
    description: `${bare.description} (${list(inputArguments)}) → (${list(outputArguments)})`.trim(),
    address: { object: stableId(parent, namespaces), method: bare.id },
  };
}

async function readAttributes({ session, limits }: Desk, page: readonly Found[]) {
  const entries = Object.entries(ATTRIBUTES) as [keyof typeof ATTRIBUTES, AttributeIds][];
  const wanted = page.flatMap(({ id, nodeClass }) =>
    (nodeClass === VARIABLE ? entries : entries.slice(0, 1)).map(([attribute, attributeId]) => ({
      ...{ id, attribute },
      request: { nodeId: id, attributeId },
    })),
  );
  const found = new Map<string, Partial<Record<keyof typeof ATTRIBUTES, DataValue>>>();
  for (const some of chunks(wanted, limits.nodesPerRead)) {
    const answers = await session.read(some.map(({ request }) => request));
    for (const [i, { id, attribute }] of some.entries()) {
      const [own, answer] = [found.get(id.toString()) ?? {}, answers[i]];
      if (answer !== undefined) found.set(id.toString(), { ...own, [attribute]: answer });
    }
  }
  return found;
}

/** Names of data types as the server has them, each asked for once. */
function readTypes(session: Session) {
  const known = new Map<string, Promise<{ name: string; basic: DataType }>>();
  const ask = async (id: NodeId) => {
    const basic = await findBasicDataType(session, id).catch(() => DataType.Null);
    if (id.namespace === 0 && id.value === (basic as number)) return { name: DataType[basic], basic };
    const { value } = await session.read({ nodeId: id, attributeId: AttributeIds.BrowseName });
    return { name: (value.value as { name?: string | null } | null)?.name ?? id.toString(), basic };
  };
  return (dataType: DataValue | undefined) => {
    const id: unknown = dataType?.value.value;
    if (!(id instanceof NodeId)) return Promise.resolve({ name: '', basic: DataType.Null });
    const asked = known.get(id.toString()) ?? ask(id);
    known.set(id.toString(), asked);
    return asked;
  };
}
