import { type Key, t } from '../locale.ts';
import { reasonOf } from '../quality.ts';

/** In the order of the stored numbers of history/reading.ts. */
const reasons: readonly (Key | null)[] = [
  null,
  'reason.device',
  'reason.noValue',
  'reason.notANumber',
  'reason.range',
  'reason.spike',
  'reason.stuck',
  'reason.stale',
  'reason.disconnected',
  'reason.refused',
  'reason.clamped',
  'reason.clock',
];

/** Why a value is doubted, where that is known. */
export function reasonText(quality: number): string | null {
  const key = reasons[reasonOf(quality)] ?? null;
  return key === null ? null : t(key);
}
