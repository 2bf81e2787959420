import type uPlot from 'uplot';
import { day, decimal, shortTime, time } from '../../format.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Times in the site's zone; where a new day begins, its date beneath. */
export function timeLabels(splits: readonly number[], stepMs: number): string[] {
  let before = '';
  return splits.map((at) => {
    const date = day(at);
    const isNewDay = date !== before;
    before = date;
    if (stepMs >= DAY) return date;
    const clock = stepMs < MINUTE ? time(at) : shortTime(at);
    return isNewDay ? `${clock}\n${date}` : clock;
  });
}

/** As many digits as neighbouring labels need to differ, but not fewer than the tag has. */
export function valueLabels(splits: readonly number[], decimals: number): string[] {
  const step = Math.abs((splits[1] ?? 0) - (splits[0] ?? 0));
  const needed = step > 0 ? Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)) : 0;
  return splits.map((value) => decimal(value, Math.min(Math.max(needed, Math.min(decimals, 1)), 6)));
}

/** Room for the longest label. */
export function labelWidth(chart: uPlot, labels: readonly string[] | null): number {
  if (labels === null) return 50;
  chart.ctx.save();
  chart.ctx.font = '14px system-ui, sans-serif';
  const widest = Math.max(0, ...labels.map((label) => chart.ctx.measureText(label).width));
  chart.ctx.restore();
  return Math.ceil(widest) + 18;
}
