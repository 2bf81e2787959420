import uPlot, { type AlignedData, type Options, type Series } from 'uplot';
import { timeZone } from '../../session.ts';
import type { TagView } from '../tags.ts';
import { labelWidth, timeLabels, valueLabels } from './axis.ts';
import { isolated, type Span } from './columns.ts';
import type { Ink } from './ink.ts';
import { paintDoubt, paintLimits, paintNow } from './paint.ts';
import type { Range } from './span.ts';

export const HEIGHT = 380;
const FONT = '14px system-ui, sans-serif';
const PAD = 0.08;

export interface Drawn {
  range: Range;
  now: number;
  spans: readonly Span[];
}

interface Props {
  tag: TagView;
  ink: Ink;
  width: number;
  isEnvelope: boolean;
  /** Asked at every redraw. */
  drawn: () => Drawn;
  onSelect: (range: Range) => void;
  onCursor: (index: number | null) => void;
}

/** Makes the chart; `setData` and `setScale` are the caller's business. */
export function createChart(host: HTMLElement, data: AlignedData, props: Props): uPlot {
  return new uPlot(options(props), data, host);
}

function options({ tag, ink, width, isEnvelope, drawn, onSelect, onCursor }: Props): Options {
  return {
    width,
    height: HEIGHT,
    ms: 1,
    tzDate: (at) => uPlot.tzDate(new Date(at), timeZone.peek()),
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false } },
    padding: [10, 24, 0, 0],
    scales: {
      x: { time: true, range: () => [drawn().range.from, drawn().range.to] },
      y: { range: (_chart, low, high) => padded(low, high, tag) },
    },
    axes: axes(tag, ink),
    series: series(ink, isEnvelope),
    bands: [
      ...(isEnvelope ? [{ series: [1, 2] as [number, number], fill: ink.envelope }] : []),
      { series: [5, 6], fill: ink.wide },
      { series: [7, 8], fill: ink.narrow },
    ],
    hooks: {
      drawClear: [(chart) => paintDoubt(chart, drawn().spans, ink)],
      draw: [
        (chart) => {
          paintLimits(chart, tag, ink);
          paintNow(chart, drawn().now, ink);
        },
      ],
      setCursor: [(chart) => onCursor(chart.cursor.idx ?? null)],
      setSelect: [
        (chart) => {
          const { left, width: chosen } = chart.select;
          if (chosen < 5) return;
          onSelect({ from: chart.posToVal(left, 'x'), to: chart.posToVal(left + chosen, 'x') });
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** Some air above and below; a value that hardly moves is not blown up to fill the height. */
function padded(low: number, high: number, { limits, decimals }: TagView): [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return limits.normal ?? [0, 1];
  const normal = limits.normal === null ? 0 : (limits.normal[1] - limits.normal[0]) / 5;
  const least = Math.max(normal, 4 * 10 ** -decimals);
  const missing = Math.max(0, least - (high - low)) / 2;
  const air = (high - low + 2 * missing) * PAD;
  return [low - missing - air, high + missing + air];
}

function axes({ decimals }: TagView, ink: Ink): uPlot.Axis[] {
  const common = {
    stroke: ink.label,
    font: FONT,
    grid: { stroke: ink.grid, width: 1 },
    ticks: { stroke: ink.line, width: 1, size: 5 },
  };
  return [
    {
      ...common,
      size: 46,
      space: 90,
      values: (...[, splits, , , stepMs]) => timeLabels(splits, stepMs),
    },
    {
      ...common,
      size: (chart, labels) => labelWidth(chart, labels),
      values: (_chart, splits) => valueLabels(splits, decimals),
    },
  ];
}

const none = { show: false };
const alone = (ink: Ink): Series.Points => ({
  show: false,
  size: 4,
  stroke: ink.pen,
  fill: ink.pen,
  filter: ({ data }, index) => isolated(data[index] ?? []),
});

function series(ink: Ink, isEnvelope: boolean): Series[] {
  const edge: Series = isEnvelope
    ? { stroke: ink.pen, width: 0.5, points: alone(ink) }
    : { stroke: 'transparent', width: 0, points: none };
  const band: Series = { stroke: 'transparent', width: 0, points: none };
  return [
    {},
    edge,
    edge,
    { stroke: ink.pen, width: 1.5, points: alone(ink) },
    { stroke: ink.forecast, width: 2, dash: [7, 5], points: none },
    band,
    band,
    band,
    band,
  ];
}
