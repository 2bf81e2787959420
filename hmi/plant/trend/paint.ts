import type uPlot from 'uplot';
import { decimal } from '../../format.ts';
import { t } from '../../locale.ts';
import type { TagView } from '../tags.ts';
import type { Span } from './columns.ts';
import type { Ink } from './ink.ts';

const BAD = 512;
const HATCH_PX = 7;

interface Area {
  context: CanvasRenderingContext2D;
  left: number;
  top: number;
  width: number;
  height: number;
}

const areaOf = ({ ctx, bbox }: uPlot): Area => ({ context: ctx, ...bbox });

function clipped({ context, left, top, width, height }: Area, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  draw();
  context.restore();
}

/** Hatches where the readings are doubtful; more densely where they are bad. */
export function paintDoubt(chart: uPlot, spans: readonly Span[], ink: Ink): void {
  const area = areaOf(chart);
  clipped(area, () => {
    const { context, top, height } = area;
    context.strokeStyle = ink.doubt;
    context.lineWidth = devicePixelRatio;
    for (const { from, to, quality } of spans) {
      const left = chart.valToPos(from, 'x', true);
      const right = Math.max(chart.valToPos(to, 'x', true), left + 2 * devicePixelRatio);
      if (right < area.left || left > area.left + area.width) continue;
      hatch(
        context,
        { left: Math.max(left, area.left), right: Math.min(right, area.left + area.width), top, height },
        quality >= BAD ? 1 : 2,
      );
    }
  });
}

interface Box {
  left: number;
  right: number;
  top: number;
  height: number;
}

function hatch(
  context: CanvasRenderingContext2D,
  { left, right, top, height }: Box,
  sparseness: number,
): void {
  const step = HATCH_PX * sparseness * devicePixelRatio;
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, height);
  context.clip();
  context.beginPath();
  for (let x = Math.floor((left - height) / step) * step; x < right; x += step) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
  context.restore();
}

/** A vertical line that divides what was measured from what is expected. */
export function paintNow(chart: uPlot, now: number, ink: Ink): void {
  const x = chart.valToPos(now, 'x', true);
  const area = areaOf(chart);
  if (x < area.left || x > area.left + area.width - 2) return;
  const { context, top, height } = area;
  context.save();
  context.strokeStyle = ink.line;
  context.lineWidth = 1.5 * devicePixelRatio;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, top + height);
  context.stroke();
  write(context, ink.label);
  context.fillText(t('trend.now'), x + 5 * devicePixelRatio, top + 14 * devicePixelRatio);
  context.restore();
}

/** Alarm limits as dashed lines with their names; grey, for colour is for alarms that are there. */
export function paintLimits(chart: uPlot, { alarmLimits, decimals, unit }: TagView, ink: Ink): void {
  const area = areaOf(chart);
  clipped(area, () => {
    const { context, left, width } = area;
    for (const { kind, limit, priority } of alarmLimits) {
      const y = chart.valToPos(limit, 'y', true);
      context.strokeStyle = ink.line;
      context.lineWidth = devicePixelRatio;
      context.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(left + width, y);
      context.stroke();
      write(context, ink.label);
      const name = `${t(`alarm.kind.${kind}`)} ${decimal(limit, decimals)} ${unit} (${priority})`;
      const above = kind === 'high' ? 14 : -5;
      context.fillText(name, left + 6 * devicePixelRatio, y + above * devicePixelRatio);
    }
  });
}

function write(context: CanvasRenderingContext2D, color: string): void {
  context.fillStyle = color;
  context.textAlign = 'left';
  context.font = `${13 * devicePixelRatio}px system-ui, sans-serif`;
}
