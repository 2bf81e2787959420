import { HOUR_MS } from './kept.ts';
import type { Kept } from './kept.ts';
import { levels } from './levels.ts';
import type { Level } from './levels.ts';

/** A stretch of time, and what answers it: whole buckets of a level, or the readings themselves. */
export interface Piece {
  readonly level: Level | null;
  readonly from: number;
  readonly to: number;
}

function coverOf(from: number, to: number, kept: Kept, coarsest = levels.length - 1): Piece[] {
  if (from >= to) return [];
  const level = levels[coarsest];
  if (level === undefined) return [{ level: null, from, to }];
  const { widthMs, keptFrom } = level;
  const first = Math.ceil(Math.max(from, keptFrom(kept)) / widthMs) * widthMs;
  const end = Math.floor(to / widthMs) * widthMs;
  if (!(first < end)) return coverOf(from, to, kept, coarsest - 1);
  return [
    ...coverOf(from, first, kept, coarsest - 1),
    { level, from: first, to: end },
    ...coverOf(end, to, kept, coarsest - 1),
  ];
}

/** Neighbours of one level as one. */
function joined(pieces: readonly Piece[]): Piece[] {
  const found: Piece[] = [];
  for (const piece of pieces) {
    const before = found.at(-1);
    if (before?.level === piece.level && before.to === piece.from)
      found[found.length - 1] = { ...before, to: piece.to };
    else found.push(piece);
  }
  return found;
}

/**
 * What answers each bucket between `borders`, in the order of time: the coarsest roll-ups that fit into it and are kept,
 * finer ones at its ends, and for the hours `dirty` the readings.
 */
export function cover(borders: readonly number[], dirty: readonly number[], kept: Kept): Piece[] {
  const [from, to] = [borders[0] ?? 0, borders.at(-1) ?? 0];
  const hours = new Set(dirty);
  const ends = dirty.flatMap((hour) => [hour, hour + HOUR_MS]).filter((at) => at > from && at < to);
  const cuts = dirty.length === 0 ? borders : [...new Set([...borders, ...ends])].sort((a, b) => a - b);
  return joined(
    cuts.slice(1).flatMap((end, i) => {
      const begin = cuts[i] ?? end;
      return hours.has(Math.floor(begin / HOUR_MS) * HOUR_MS)
        ? [{ level: null, from: begin, to: end }]
        : coverOf(begin, end, kept);
    }),
  );
}

/** At most so many roll-ups there are in them. */
export const rowsIn = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, { level, from, to }) => sum + (level === null ? 0 : (to - from) / level.widthMs), 0);
