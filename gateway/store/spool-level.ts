import type { Logger } from '../../platform/log.ts';

/** How urgent it is to bring the database back. */
export type SpoolLevel = 'roomy' | 'filling' | 'nearly full';

const FILLING = 0.7;
const NEARLY_FULL = 0.85;

/** By how full the spool is, 0 to 1. */
export function spoolLevel(fill: number): SpoolLevel {
  if (fill >= NEARLY_FULL) return 'nearly full';
  return fill >= FILLING ? 'filling' : 'roomy';
}

/** Says each level once when it is reached, and again only after there was room. */
export function levelLog(log: Logger): (fill: number) => void {
  let said: SpoolLevel = 'roomy';
  return (fill) => {
    const level = spoolLevel(fill);
    if (level === 'roomy') said = level;
    if (level === said || said === 'nearly full') return;
    said = level;
    const used = { usedPercent: Math.round(fill * 100) };
    if (level === 'filling')
      log.warn(used, 'The spool fills up. Bring the database back, or give spool.maxMegabytes more room.');
    else
      log.error(
        used,
        'The spool is nearly full: soon no reading is acknowledged any more. Bring the database back, or give spool.maxMegabytes more room.',
      );
  };
}
