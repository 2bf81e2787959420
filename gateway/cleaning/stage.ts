import type { Reading, TagId } from '../../history/reading.ts';
import type { Tag } from '../plant/tag.ts';

/** Looks at readings in the order of their arrival and marks those it doubts. It never drops one. */
export type Stage = (readings: readonly Reading[]) => readonly Reading[];

/** The plant's tags by number; undefined for a tag that was deleted while its reading was under way. */
export type Tags = ReadonlyMap<TagId, Tag>;
