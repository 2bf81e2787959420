import { DAY_MS, HOUR_MS, MINUTE_MS } from './kept.ts';
import type { Kept } from './kept.ts';

export type RollUpTable = 'readings_1m' | 'readings_10m' | 'readings_1h' | 'readings_1d';

export interface Level {
  readonly table: RollUpTable;
  readonly widthMs: number;
  readonly keptFrom: (kept: Kept) => number;
}

const DAYS: Level = { table: 'readings_1d', widthMs: DAY_MS, keptFrom: () => -Infinity };

/** The tables of roll-ups, from the finest to the coarsest. */
export const levels: readonly Level[] = [
  { table: 'readings_1m', widthMs: MINUTE_MS, keptFrom: (kept) => kept.minutesFrom },
  { table: 'readings_10m', widthMs: 10 * MINUTE_MS, keptFrom: (kept) => kept.tensFrom },
  { table: 'readings_1h', widthMs: HOUR_MS, keptFrom: (kept) => kept.hoursFrom },
  DAYS,
];

/** The finest level that will do; days do always. */
export const finest = (willDo: (level: Level) => boolean): Level => levels.find(willDo) ?? DAYS;
