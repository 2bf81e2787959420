import type { Raw, Reading } from '../../history/reading.ts';
import { accept } from './accept.ts';
import { range } from './range.ts';
import { spike } from './spike.ts';
import type { Tags } from './stage.ts';
import { stuck } from './stuck.ts';

/** All stages in the order that works: what cannot be, then what never moves, then what jumps. */
export function cleaning(tags: Tags): (raw: readonly Raw[]) => readonly Reading[] {
  const take = accept(tags);
  const stages = [range(tags), stuck(tags), spike(tags)];
  return (raw) => stages.reduce<readonly Reading[]>((readings, stage) => stage(readings), take(raw));
}
