import type { Fault, Records, Row } from './records.ts';

/** Seconds of one lap through the normal records: a record a second. */
export const LAP_S = 960;
/** Every third lap is disturbed; after twelve laps (3 h 12 min) the order begins anew. */
const disturbed: Readonly<Partial<Record<number, Fault>>> = { 2: 'd01', 5: 'd04', 8: 'd02', 11: 'd05' };
const LAPS = 12;

/** The fault's own rows begin at 160; the 20 s before it are as normal as the lap they fade into. */
const FADE_IN = { from: 140, to: 160 };
const FADE_OUT = { from: 560, to: 620 };
const SEAM_S = 20;

/**
 * The plant at the second of `atMs`, as a function of the wall clock alone: history and live agree, and a restart
 * goes on where the process would have been.
 */
export function rowAt({ normal, faults }: Records, atMs: number): Row {
  const second = Math.floor(atMs / 1000);
  const phase = second % LAP_S;
  const fault = disturbed[Math.floor(second / LAP_S) % LAPS];
  const ordinary = acrossSeam(normal, phase);
  return fault === undefined ? ordinary : mix(ordinary, faults[fault][phase] ?? [], weightOf(phase));
}

/** The disturbance of the second of `atMs`, while it is at full strength. */
export function faultAt(atMs: number): Fault | undefined {
  const second = Math.floor(atMs / 1000);
  return weightOf(second % LAP_S) === 1 ? disturbed[Math.floor(second / LAP_S) % LAPS] : undefined;
}

/** The last record does not lead to the first: run back from the one while the other fades in. */
function acrossSeam(rows: readonly Row[], phase: number): Row {
  const row = rows[phase] ?? [];
  return phase < SEAM_S ? mix(rows[LAP_S - 1 - phase] ?? [], row, (phase + 1) / (SEAM_S + 1)) : row;
}

function weightOf(phase: number): number {
  if (phase < FADE_IN.from || phase >= FADE_OUT.to) return 0;
  if (phase < FADE_IN.to) return (phase - FADE_IN.from) / (FADE_IN.to - FADE_IN.from);
  return phase < FADE_OUT.from ? 1 : (FADE_OUT.to - phase) / (FADE_OUT.to - FADE_OUT.from);
}

/** Five digits, like the records. */
function mix(a: Row, b: Row, weightOfB: number): Row {
  if (weightOfB === 0) return a;
  if (weightOfB === 1) return b;
  return a.map((value, i) => Number((value + ((b[i] ?? value) - value) * weightOfB).toPrecision(5)));
}
