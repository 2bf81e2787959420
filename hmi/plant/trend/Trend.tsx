import { useEffect, useRef, useState } from 'preact/hooks';
import { serverNow } from '../../clock.ts';
import { Failure } from '../../components/States.tsx';
import { duration } from '../../format.ts';
import { t } from '../../locale.ts';
import { ExportButton } from '../export/ExportButton.tsx';
import type { TagView } from '../tags.ts';
import type { Past } from './columns.ts';
import { useForecast, useTrend } from './data.ts';
import { ForecastNote, Readout } from './Readout.tsx';
import { Plot } from './Plot.tsx';
import { pan, presets, type Range, rangeOf, type TimeSpan, zoom } from './span.ts';
import { SummaryAndTable } from './SummaryAndTable.tsx';

const HOUR = 3_600_000;
const SHORTEST_MS = 300_000;
const STEP = 0.25;

const keys: Record<string, (range: Range) => TimeSpan> = {
  ArrowLeft: (range) => pan(range, -STEP),
  ArrowRight: (range) => pan(range, STEP),
  '+': (range) => zoom(range, 0.5),
  '-': (range) => zoom(range, 2),
};

/** A tag over time: envelope and line, live while it follows, forecast after "now". */
export function Trend({ tag }: { tag: TagView }) {
  const [span, setSpan] = useState<TimeSpan>({ kind: 'following', widthMs: HOUR });
  const [cursor, setCursor] = useState<number | null>(null);
  const [box, width] = useWidth();
  const forecast = useForecast(tag.id).value ?? null;
  const pixels = Math.min(4000, Math.max(50, Math.round(width / 50) * 50));
  const data = useTrend(tag, span, pixels);
  useFirstSpan(data.resource.value, setSpan);
  const range = () => rangeOf(span, serverNow(), forecast?.at.at(-1) ?? null);

  return (
    <section class="trend" aria-label={t('trend.label', { tag: tag.name })}>
      <Tools tag={tag} span={span} onSpan={setSpan} range={range} />
      <div
        ref={box}
        class="plot-box"
        tabIndex={0}
        role="group"
        aria-label={t('trend.keys')}
        data-loading={data.resource.state === 'loading'}
        onKeyDown={(event) => {
          const move = keys[event.key];
          if (move === undefined || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          setSpan(move(range()));
        }}
      >
        <Plot
          tag={tag}
          data={data}
          forecast={forecast}
          span={span}
          width={width}
          onSelect={({ from, to }) => setSpan({ kind: 'fixed', from, to })}
          onWheel={(factor, anchor) => setSpan(zoom(range(), factor, anchor))}
          onCursor={setCursor}
        />
      </div>
      {data.resource.state === 'failed' ? (
        <Failure problem={data.resource.problem} retry={data.resource.reload} />
      ) : null}
      <Readout tag={tag} data={data} forecast={forecast} cursor={cursor} />
      <ForecastNote forecast={forecast} tag={tag} />
      <SummaryAndTable tag={tag} past={data.resource.value} />
    </section>
  );
}

/** A plant that has run for some minutes only is shown those, not an hour that is nearly empty. */
function useFirstSpan(past: Past | undefined, onSpan: (span: TimeSpan) => void): void {
  const isDecided = useRef(false);
  useEffect(() => {
    if (isDecided.current || past === undefined) return;
    isDecided.current = true;
    const [first] = past.at;
    if (first !== undefined && serverNow() - first < 2 * SHORTEST_MS) {
      onSpan({ kind: 'following', widthMs: SHORTEST_MS });
    }
  }, [past, onSpan]);
}

/** What has been: a forecast is not exported. */
const past = ({ from, to }: Range): Range => ({ from, to: Math.max(from, Math.min(to, serverNow())) });

interface ToolsProps {
  tag: TagView;
  span: TimeSpan;
  onSpan: (span: TimeSpan) => void;
  range: () => Range;
}

function Tools({ tag, span, onSpan, range }: ToolsProps) {
  const isFollowing = span.kind === 'following';
  const follow = () =>
    onSpan({ kind: 'following', widthMs: isFollowing ? span.widthMs : span.to - span.from });
  return (
    <div class="trend-tools">
      <div class="presets" role="group" aria-label={t('trend.ranges')}>
        {presets.map(({ key, widthMs }) => (
          <button
            key={key}
            type="button"
            aria-pressed={isFollowing && span.widthMs === widthMs}
            onClick={() => onSpan({ kind: 'following', widthMs })}
          >
            {duration(widthMs)}
          </button>
        ))}
      </div>
      <div class="moves" role="group" aria-label={t('trend.move')}>
        <button type="button" aria-label={t('trend.back')} onClick={() => onSpan(pan(range(), -STEP))}>
          ◀
        </button>
        <button type="button" aria-label={t('trend.on')} onClick={() => onSpan(pan(range(), STEP))}>
          ▶
        </button>
        <button type="button" aria-label={t('trend.closer')} onClick={() => onSpan(zoom(range(), 0.5))}>
          +
        </button>
        <button type="button" aria-label={t('trend.farther')} onClick={() => onSpan(zoom(range(), 2))}>
          −
        </button>
      </div>
      <button type="button" class="follow" aria-pressed={isFollowing} onClick={follow}>
        {t(isFollowing ? 'trend.live' : 'trend.paused')}
      </button>
      <ExportButton tag={tag} range={() => past(range())} />
    </div>
  );
}

function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (box.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}
