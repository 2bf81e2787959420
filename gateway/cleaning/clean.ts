import type { Raw, Reading } from '../../history/reading.ts';
import { accept } from './accept.ts';
import { clamp } from './clamp.ts';
import { range } from './range.ts';
import { spike } from './spike.ts';
import type { Tags } from './stage.ts';
import { stuck } from './stuck.ts';

/** All stages in the order that works: what cannot be, what never moves, what jumps, and what is cut off at last. */
export function cleaning(tags: Tags): (raw: readonly Raw[]) => readonly Reading[] {
  const take = accept(tags);
  const stages = [range(tags), stuck(tags), spike(tags), clamp(tags)];
  return (raw) => stages.reduce<readonly Reading[]>((readings, stage) => stage(readings), take(raw));
}
