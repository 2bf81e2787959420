import { decimal, figure } from '../format.ts';
import type { Latest } from '../live.ts';
import { t } from '../locale.ts';

/** A value with its unit; without known decimals, with five significant digits. */
export function value(amount: number | string | null, decimals: number | null, unit: string): string {
  if (amount === null) return t('value.none');
  const text =
    typeof amount === 'string' ? amount : decimals === null ? figure(amount, 5) : decimal(amount, decimals);
  return unit === '' ? text : `${text} ${unit}`;
}

/** The digits alone, as they stand in a tile. */
export function digits(latest: Latest | undefined, decimals: number): string {
  const amount = latest?.value;
  if (amount === undefined || amount === null) return '–';
  return typeof amount === 'string' ? amount : decimal(amount, decimals);
}
