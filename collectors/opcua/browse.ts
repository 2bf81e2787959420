import { BrowseDirection, NodeClass, resolveNodeId } from 'node-opcua-client';
import type { BrowseResult, NodeId, ReferenceDescription } from 'node-opcua-client';
import type { BrowseRequest, Place, Places } from '../collector.ts';
import { describePlaces, elementPlaces, METHOD } from './describe.ts';
import type { Found } from './describe.ts';
import { chunks } from './limits.ts';
import { resolve } from './nodes.ts';
import type { Session } from './session.ts';
import { inWords } from './status.ts';
import { until } from './until.ts';
import type { Desk } from './write.ts';

const OBJECTS = 'ns=0;i=85';
/** The server's own diagnostics, which nobody looks for from above. */
const SERVER = 'ns=0;i=2253';
const HIERARCHICAL = resolveNodeId('i=33');
const HAS_PROPERTY = 46;
const BROWSE_ALL = 63;
const CLASSES: number = NodeClass.Object | NodeClass.Variable | NodeClass.Method;

/** A search ends after this depth, this many nodes or this long, with what it has found by then. */
const DEEPEST = 10;
const MOST_NODES = 50_000;
const SEARCH_MS = 5_000;
/** Nodes asked for in one call: open62541 and others allow few. */
const PER_CALL = 50;

/** One page of what lies below a place, or of what is found there (see `Browsable`). The order is the server's. */
export async function browse(desk: Desk, request: BrowseRequest, signal: AbortSignal): Promise<Places> {
  const { session } = desk;
  const namespaces = await until(signal, session.readNamespaceArray());
  const top = topOf(request.place ?? OBJECTS, namespaces);
  if (top === undefined) throw new Error(`The server has no such namespace as in ${String(request.place)}.`);
  const search = request.search.trim().toLowerCase();
  const from = Number(request.after ?? 0);
  const found =
    search === ''
      ? await below(session, [top], signal)
      : await seek(session, top, search, { enough: from + request.limit + 1, signal });
  if (found.length === 0 && search === '' && request.place !== null) {
    const elements = await until(signal, elementPlaces(desk, top, '', request.place));
    if (elements !== null) return cut(elements, from, request.limit);
  }
  const page = found.slice(from, from + request.limit);
  return {
    places: await describePlaces(desk, namespaces, page, signal),
    next: nextOf(found, from, request.limit),
  };
}

const nextOf = (all: readonly unknown[], from: number, limit: number): string | null =>
  all.length > from + limit ? String(from + limit) : null;
function topOf(place: string, namespaces: readonly string[]): NodeId | undefined {
  try {
    return resolve(place, namespaces);
  } catch (cause) {
    throw new Error(`There is no place '${place}': the top lists the first ones.`, { cause });
  }
}

const cut = (places: readonly Place[], from: number, limit: number): Places => ({
  places: places.slice(from, from + limit),
  next: nextOf(places, from, limit),
});

interface Bounds {
  readonly enough: number;
  readonly signal: AbortSignal;
}

/** Level by level, so that what lies near comes first. */
async function seek(
  session: Session,
  top: NodeId,
  search: string,
  { enough, signal }: Bounds,
): Promise<Found[]> {
  const end = Date.now() + SEARCH_MS;
  const seen = new Set([top.toString(), SERVER]);
  const hits: Found[] = [];
  let level: readonly NodeId[] = [top];
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next: NodeId[] = [];
    for (const some of chunks(level, PER_CALL)) {
      const unseen = (await below(session, some, signal)).filter(({ id }) => !seen.has(id.toString()));
      for (const { id } of unseen) seen.add(id.toString());
      hits.push(...unseen.filter(({ name }) => name.toLowerCase().includes(search)));
      next.push(...unseen.filter(({ nodeClass }) => nodeClass !== METHOD).map(({ id }) => id));
      if (hits.length >= enough || seen.size > MOST_NODES || Date.now() > end) return hits;
    }
    level = next;
  }
  return hits;
}

/** The children of some nodes. Properties (units, ranges) are told with their node, not as places. */
async function below(session: Session, nodes: readonly NodeId[], signal: AbortSignal): Promise<Found[]> {
  const results = await until(
    signal,
    session.browse(
      nodes.map((nodeId) => ({
        nodeId,
        browseDirection: BrowseDirection.Forward,
        referenceTypeId: HIERARCHICAL,
        includeSubtypes: true,
        nodeClassMask: CLASSES,
        resultMask: BROWSE_ALL,
      })),
    ),
  );
  const found = new Map<string, Found>();
  for (const [i, result] of results.entries()) {
    const parent = nodes[i];
    if (parent === undefined) continue;
    if (nodes.length === 1 && result.statusCode.isBad())
      throw new Error(
        `The server does not show what is below ${parent.toString()}: ${inWords(result.statusCode)}.`,
      );
    for (const reference of await allOf(session, result, signal)) {
      if (isPlace(reference)) found.set(reference.nodeId.toString(), foundIn(reference, parent));
    }
  }
  return [...found.values()];
}

/** The server hands over long lists in pieces of its own (OPC 10000-4, 5.9.3). */
async function allOf(
  session: Session,
  first: BrowseResult,
  signal: AbortSignal,
): Promise<ReferenceDescription[]> {
  const references = [...(first.references ?? [])];
  let { continuationPoint } = first as { continuationPoint: Buffer | null };
  while (continuationPoint !== null && continuationPoint.length > 0 && references.length < MOST_NODES) {
    const next = await until(signal, session.browseNext(continuationPoint, false));
    references.push(...(next.references ?? []));
    ({ continuationPoint } = next as { continuationPoint: Buffer | null });
  }
  if (continuationPoint !== null && continuationPoint.length > 0)
    await until(signal, session.browseNext(continuationPoint, true));
  return references;
}

const isPlace = ({ referenceTypeId, nodeId }: ReferenceDescription): boolean =>
  !(referenceTypeId.namespace === 0 && referenceTypeId.value === HAS_PROPERTY) && nodeId.serverIndex === 0;

const foundIn = (reference: ReferenceDescription, parent: NodeId): Found => ({
  id: reference.nodeId,
  parent,
  nodeClass: reference.nodeClass,
  name: reference.displayName.text ?? reference.browseName.name ?? reference.nodeId.toString(),
  mayHaveParts: reference.typeDefinition.namespace !== 0,
});
