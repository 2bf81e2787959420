import type { Raw, Reading } from '../../history/reading.ts';
import { accept } from './accept.ts';
import { clamp } from './clamp.ts';
import { range } from './range.ts';
import { spike } from './spike.ts';
import type { Stage, Tags } from './stage.ts';
import { stuck } from './stuck.ts';

/** All stages in the order that works: what cannot be, what never moves, what jumps, and what is cut off at last. */
export function marking(tags: Tags): Stage {
  const stages = [range(tags), stuck(tags), spike(tags), clamp(tags)];
  return (readings) => stages.reduce<readonly Reading[]>((marked, stage) => stage(marked), readings);
}

/** What a device reported, made a reading and marked. */
export function cleaning(tags: Tags, mark = marking(tags)): (raw: readonly Raw[]) => readonly Reading[] {
  const take = accept(tags);
  return (raw) => mark(take(raw));
}
