import type { NodeId } from 'node-opcua-client';
import type { Plan } from '../collector.ts';
import type { OpcuaAddress, OpcuaConfig } from './config.ts';
import type { Reader } from './decode.ts';
import { readNames } from './enumeration.ts';
import type { Watch } from './items.ts';
import type { Limits } from './limits.ts';
import { resolve } from './nodes.ts';
import { stepsOf } from './place.ts';
import type { Session } from './session.ts';

export type OpcuaPlan = Plan<OpcuaConfig, OpcuaAddress>;

/** How each point is read, by its handle. What is learnt of the server replaces an entry. */
export const readersOf = ({ points, config: { timestamps } }: OpcuaPlan): Reader[] =>
  points.map(({ tag, name, kind, address: { index, path } }) => ({
    ...{ tag, name, kind, timestamps },
    ...(index === undefined ? {} : { index: index.split(',').map(Number), ranged: true }),
    ...(path === undefined ? {} : { steps: stepsOf(path) }),
  }));

/** Lets the text tags among the readers speak in the names of their enumerations. */
export async function learnNames(
  session: Session,
  limits: Limits,
  readers: Reader[],
  watches: readonly Watch[],
): Promise<void> {
  const texts = watches.filter(
    ({ point: { kind, address } }) => kind === 'text' && address.path === undefined,
  );
  if (texts.length === 0) return;
  const namespaces = await session.readNamespaceArray();
  const nodes = texts.flatMap(({ handle, point }) => {
    const node = resolve(point.address.node, namespaces);
    return node === undefined ? [] : [{ handle, node }];
  });
  const named = await readNames(session, limits, distinct(nodes.map(({ node }) => node)));
  for (const { handle, node } of nodes) {
    const [reader, names] = [readers[handle], named.get(node.toString())];
    if (reader !== undefined && names !== undefined) readers[handle] = { ...reader, names };
  }
}

const distinct = (nodes: readonly NodeId[]): NodeId[] => [
  ...new Map(nodes.map((node) => [node.toString(), node])).values(),
];
