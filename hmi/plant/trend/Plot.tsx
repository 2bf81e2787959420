import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import type { ForecastView } from '../../../gateway/api/models.ts';
import { serverNow } from '../../clock.ts';
import { reading } from '../../live.ts';
import { locale } from '../../locale.ts';
import { repaint } from '../../theme.ts';
import type { TagView } from '../tags.ts';
import { createChart, type Drawn } from './chart.ts';
import { doubtful, held, type Past, toChart } from './columns.ts';
import type { TrendData } from './data.ts';
import { inkOf } from './ink.ts';
import { type Range, rangeOf, type TimeSpan } from './span.ts';
import 'uplot/dist/uPlot.min.css';

const FRAME_MS = 250;

interface Props {
  tag: TagView;
  data: TrendData;
  forecast: ForecastView | null;
  span: TimeSpan;
  width: number;
  onSelect: (range: Range) => void;
  onWheel: (factor: number, anchor: number) => void;
  onCursor: (at: number | null) => void;
}

/** The canvas. Draws at most four times a second, only when something has changed, never while hidden. */
export function Plot(props: Props) {
  const { tag, data, width } = props;
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const [isEnvelope, setEnvelope] = useState(false);
  const colours = repaint.value;
  const bcp47 = locale.value;

  useEffect(() => {
    const element = host.current;
    if (element === null || width === 0) return undefined;
    const drawn = (): Drawn => {
      const { span, forecast } = latest.current;
      const now = serverNow();
      return {
        range: rangeOf(span, now, forecast?.at.at(-1) ?? null),
        now,
        spans: doubtful(data.past.current),
      };
    };
    const columns = () => toChart(asItIs(latest.current), latest.current.forecast);
    const chart = createChart(element, columns(), {
      tag,
      ink: inkOf(element),
      width,
      isEnvelope,
      drawn,
      onSelect: (range) => latest.current.onSelect(range),
      onCursor: (index) => latest.current.onCursor(index === null ? null : (chart.data[0][index] ?? null)),
    });
    const redraw = () => {
      data.dirty.current = false;
      setEnvelope(data.past.current.resolution === 'envelope');
      chart.setData(columns());
      data.shown.value = { past: data.past.current };
    };
    const timer = setInterval(() => {
      if (!document.hidden && (data.dirty.current || hasMoved(chart, drawn().range))) redraw();
    }, FRAME_MS);
    const stopWheel = listenToWheel(chart, (factor, anchor) => latest.current.onWheel(factor, anchor));
    return () => {
      clearInterval(timer);
      stopWheel();
      chart.destroy();
    };
  }, [tag, width, isEnvelope, colours, bcp47, data]);
  useEffect(() => {
    data.dirty.current = true;
  }, [props.forecast, props.span, data]);

  return <div ref={host} class="plot" />;
}

/** A tag that is told when it changes has its value in between too, and now, unless it is in doubt. */
function asItIs({ tag, data, span }: Props): Past {
  const past = data.past.current;
  const holds = past.resolution === 'raw' && tag.expectedMs === null && tag.thin === null;
  if (!holds) return past;
  const isFresh = ((reading(tag.id).peek()?.quality ?? -1) & ~0xff) === 0;
  return held(past, span.kind === 'following' && isFresh ? serverNow() : null);
}

/** By a pixel or more. */
function hasMoved({ scales, bbox }: uPlot, { from, to }: Range): boolean {
  const { min, max } = scales['x'] ?? {};
  const pixelMs = ((to - from) / bbox.width) * devicePixelRatio;
  return Math.abs((min ?? 0) - from) >= pixelMs || Math.abs((max ?? 0) - to) >= pixelMs;
}

function listenToWheel({ over }: uPlot, onWheel: (factor: number, anchor: number) => void): () => void {
  const turn = (event: WheelEvent) => {
    event.preventDefault();
    const { left, width } = over.getBoundingClientRect();
    onWheel(event.deltaY < 0 ? 0.8 : 1.25, (event.clientX - left) / width);
  };
  over.addEventListener('wheel', turn, { passive: false });
  return () => over.removeEventListener('wheel', turn);
}
