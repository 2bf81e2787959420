import type { AlarmView } from '../../gateway/api/alarms.ts';
import { t } from '../locale.ts';
import { value } from './value.ts';

/** What was passed, and the limit or another value beside it: High 2895 kPa. A device has a name for its own alarms. */
export const crossed = (
  { kind, unit, condition }: AlarmView,
  amount: number | null,
  decimals: number | null = null,
): string =>
  kind === 'device' ? (condition ?? '') : `${t(`alarm.kind.${kind}`)} ${value(amount, decimals, unit)}`;

/** Where more is to be found: the tag, or the source whose device watches for the alarm. */
export const placeOf = ({ tag, source }: AlarmView): string =>
  tag === null ? `/sources/${encodeURIComponent(source ?? '')}` : `/tags/${tag}`;
