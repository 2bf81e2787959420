import type { TagId } from '../../history/reading.ts';

/** A limit that must not be passed. All values are in the tag's unit. */
export interface AlarmRule {
  readonly id: number;
  readonly tag: TagId;
  readonly kind: 'high' | 'low';
  readonly limit: number;
  /** How far back inside the limit the value must come before the alarm clears. */
  readonly deadband: number;
  /** How long the value must stay over the limit before the alarm is raised. */
  readonly holdMs: number;
  /** 1 is the most urgent of 4. */
  readonly priority: number;
  readonly consequence: string;
  readonly action: string;
}

/** Over the limit, back inside by more than the deadband, or in between, where nothing changes. */
export function compare({ kind, limit, deadband }: AlarmRule, value: number): 'over' | 'between' | 'inside' {
  const excess = kind === 'high' ? value - limit : limit - value;
  if (excess > 0) return 'over';
  return excess <= -deadband ? 'inside' : 'between';
}
