/** Numbers of messages run from 1 to this, and then from 1 again (OPC 10000-4, 7.25). */
const LAST = 4_294_967_295;
/** Whatever is further ahead than this lies behind. */
const AHEAD = LAST / 2;
/** More than this is not asked for: no server keeps as many. */
const MOST = 1000;

export const after = (sequence: number): number => (sequence >= LAST ? 1 : sequence + 1);

/** The messages that are missing when `next` was due and `arrived` came: the oldest first. */
export function missing(next: number, arrived: number): { count: number; numbers: number[] } {
  const ahead = (arrived - next + LAST) % LAST;
  if (ahead === 0 || ahead > AHEAD) return { count: 0, numbers: [] };
  const first = Math.max(0, ahead - MOST);
  const numbers = Array.from({ length: ahead - first }, (_, i) => ((next - 1 + first + i) % LAST) + 1);
  return { count: ahead, numbers };
}

/** Whether `arrived` is one that was due already. */
export const isOld = (next: number, arrived: number): boolean => (arrived - next + LAST) % LAST > AHEAD;
