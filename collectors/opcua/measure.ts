import { AttributeIds, makeBrowsePath } from 'node-opcua-client';
import type { NodeId } from 'node-opcua-client';
import type { Place } from '../collector.ts';
import { chunks } from './limits.ts';
import type { Desk } from './write.ts';

export type Measure = Partial<Pick<Place, 'unit' | 'range'>>;

/** EngineeringUnits and EURange of an AnalogItem (OPC 10000-8, 5.3.2.3). */
export async function readMeasures(
  { session, limits }: Desk,
  nodes: readonly NodeId[],
): Promise<ReadonlyMap<string, Measure>> {
  const names = ['EngineeringUnits', 'EURange'] as const;
  const paths = nodes.flatMap((id) => names.map((name) => ({ id, path: makeBrowsePath(id, `.${name}`) })));
  const found: { id: NodeId; property: NodeId }[] = [];
  for (const some of chunks(paths, limits.pathsPerTranslate)) {
    const results = await session.translateBrowsePath(some.map(({ path }) => path));
    for (const [i, { id }] of some.entries()) {
      const property = results[i]?.targets?.[0]?.targetId;
      if (property !== undefined) found.push({ id, property });
    }
  }
  const measures = new Map<string, Measure>();
  for (const some of chunks(found, limits.nodesPerRead)) {
    const values = await session.read(
      some.map(({ property }) => ({ nodeId: property, attributeId: AttributeIds.Value })),
    );
    for (const [i, { id }] of some.entries())
      measures.set(id.toString(), { ...measures.get(id.toString()), ...measureIn(values[i]?.value.value) });
  }
  return measures;
}

function measureIn(value: unknown): Measure {
  const { displayName, low, high } = (value ?? {}) as {
    displayName?: { text?: string | null };
    low?: number;
    high?: number;
  };
  if (displayName !== undefined) return { unit: displayName.text ?? '' };
  return typeof low === 'number' && typeof high === 'number' && high > low ? { range: [low, high] } : {};
}
