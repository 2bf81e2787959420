import { decodeBatch } from '../../history/batch.ts';
import { EventsPayload } from '../wire.ts';
import type { TagEntry } from '../wire.ts';
import { CentreRefused } from './centre.ts';
import type { Centre } from './centre.ts';
import type { Waiting } from './store/sending.ts';

/** What an answer asks of the lane whose segment it was about. */
export type Remedy = 'hold' | 'count anew' | 'send dictionary' | 'wait';

const REMEDIES: ReadonlyMap<number, Remedy> = new Map([
  [400, 'hold'],
  [413, 'hold'],
  [415, 'hold'],
  [422, 'hold'],
  [409, 'count anew'],
  [424, 'send dictionary'],
  [429, 'wait'],
  [503, 'wait'],
]);

/** Null: the fault is not the segment's, so that the session ends with it. */
export const remedyFor = (err: unknown): Remedy | null =>
  err instanceof CentreRefused ? (REMEDIES.get(err.status) ?? null) : null;

/** Sends the whole dictionary, with a name for tags that a segment still speaks of though they were deleted here. */
export async function sendDictionary(
  centre: Centre,
  segment: Waiting,
  known: readonly TagEntry[],
  signal: AbortSignal,
): Promise<void> {
  const there = new Set(known.map(({ id }) => id));
  const deleted = new Set(tagsOf(segment).filter((id) => !there.has(id)));
  await centre.ask('POST', '/sync/v1/tags', signal, {
    body: Buffer.from(JSON.stringify([...known, ...[...deleted].map(deletedTag)])),
    type: 'application/json',
  });
}

function tagsOf({ stream, payload }: Waiting): number[] {
  if (stream === 'readings') return decodeBatch(payload).map(({ tag }) => tag);
  const events = EventsPayload.parse(JSON.parse(payload.toString('utf8')));
  return events.flatMap((event) => (event.type === 'tags' ? [] : (event.tag ?? [])));
}

const deletedTag = (id: number): TagEntry => ({
  id,
  name: `deleted tag ${id}`,
  description: '',
  unit: '',
  kind: 'number',
  decimals: 2,
  area: '',
});
