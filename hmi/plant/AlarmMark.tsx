import { t } from '../locale.ts';
import { type AlarmView, isUnacknowledged } from './alarms.ts';

/** Square, triangle up, triangle down, circle: the shape alone tells the priority (rule A4). */
const shapes = [
  'M2 2h20v20H2z',
  'M12 1.5L23 21.5H1z',
  'M12 22.5L1 2.5h22z',
  'M12 1.5a10.5 10.5 0 1 1 0 21a10.5 10.5 0 1 1 0-21',
] as const;
const numeralY = [17.5, 19, 14.5, 17.5] as const;

interface Props {
  priority: number;
  /** Not given for a mere count of a priority. */
  state?: AlarmView['state'];
  label?: string;
}

/** Filled while active, an outline once returned; blinking until acknowledged. */
export function AlarmMark({ priority, state = 'acknowledged', label }: Props) {
  const index = Math.min(Math.max(priority, 1), 4) - 1;
  const isBlinking = isUnacknowledged({ state } as AlarmView);
  return (
    <svg
      class="mark"
      viewBox="0 0 24 24"
      width="24"
      height="24"
      data-priority={index + 1}
      data-state={state}
      data-blink={isBlinking}
      role="img"
      aria-label={label ?? t('alarm.mark', { priority, state: t(`alarm.state.${state}`) })}
    >
      <path d={shapes[index]} />
      <text x="12" y={numeralY[index]} text-anchor="middle">
        {index + 1}
      </text>
    </svg>
  );
}
