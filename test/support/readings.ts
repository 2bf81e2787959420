import { GOOD } from '../../history/reading.ts';
import type { Raw, Reading, TagId } from '../../history/reading.ts';
import type { AlarmRule } from '../../gateway/alarms/rule.ts';
import type { Tag } from '../../gateway/plant/tag.ts';

export const TAG = 7 as TagId;
export const NOON = Date.UTC(2026, 0, 1, 12);

export const aRaw = (over: Partial<Raw> = {}): Raw => ({
  tag: TAG,
  at: NOON,
  value: 50,
  status: 'good',
  ...over,
});

export const aReading = (over: Partial<Reading> = {}): Reading => {
  const value = over.value === undefined ? 50 : over.value;
  return {
    tag: TAG,
    at: NOON,
    value,
    quality: GOOD,
    cleaned: typeof value === 'number' ? value : null,
    ...over,
  };
};

export const aTag = (over: Partial<Tag> = {}): Tag => ({
  id: TAG,
  name: 'TI-7',
  description: 'Temperature',
  unit: '°C',
  kind: 'number',
  decimals: 1,
  area: 'Reactor',
  source: 1,
  address: {},
  scale: null,
  expectedMs: 1000,
  range: null,
  normal: null,
  clamp: null,
  stuckMs: null,
  spike: false,
  thin: null,
  write: null,
  forecast: null,
  ...over,
});

export const aRule = (over: Partial<AlarmRule> = {}): AlarmRule => ({
  id: 1,
  tag: TAG,
  kind: 'high',
  limit: 80,
  deadband: 5,
  holdMs: 0,
  priority: 2,
  consequence: 'The relief valve opens.',
  action: 'Open the cooling water valve.',
  ...over,
});

/** Values one second apart. */
export const everySecond = (values: readonly number[], over: Partial<Reading> = {}): Reading[] =>
  values.map((value, second) => aReading({ value, cleaned: value, at: NOON + second * 1000, ...over }));
