import { type Signal, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ForecastView } from '../../../gateway/api/models.ts';
import type { TrendAnswer } from '../../../gateway/api/readings.ts';
import { call, Problem } from '../../api.ts';
import { serverNow } from '../../clock.ts';
import { type Latest, reading } from '../../live.ts';
import { type Resource, useResource } from '../../resource.ts';
import type { TagView } from '../tags.ts';
import { append, emptyPast, type Past, pastOf } from './columns.ts';
import { rangeOf, type TimeSpan } from './span.ts';

const SETTLE_MS = 150;
const REFRESH_MS = 60_000;

/** The newest forecast of the active model; null before there is one. */
export const useForecast = (tag: number): Resource<ForecastView | null> =>
  useResource(
    `forecast ${tag}`,
    async (signal) => {
      try {
        return await call<ForecastView>(`/api/v1/forecasts/${tag}`, { signal });
      } catch (err) {
        if (err instanceof Problem && err.status === 404) return null;
        throw err;
      }
    },
    { room: 'forecasts', everyMs: REFRESH_MS },
  );

export interface TrendData {
  /** Grows in place while live values come. */
  past: { readonly current: Past };
  /** Whether `past` has been changed since it was last drawn. */
  dirty: { current: boolean };
  /** What was drawn last: a new object with each drawing. */
  shown: Signal<{ past: Past }>;
  resource: Resource<Past>;
}

/** The past of a tag for what is on screen, asked anew when that has come to rest, and live from there on. */
export function useTrend(tag: TagView, span: TimeSpan, pixels: number): TrendData {
  const settled = useSettled(span);
  const past = useRef<Past>(emptyPast);
  const dirty = useRef(true);
  const shown = useSignal({ past: emptyPast });
  const key = `${tag.id} ${pixels} ${JSON.stringify(settled)}`;
  const resource = useResource(key, (signal) => load(tag.id, settled, pixels, signal), {
    room: 'sources',
    ...(settled.kind === 'following' ? { everyMs: REFRESH_MS } : {}),
  });

  const showsNow = useRef(true);
  showsNow.current = span.kind === 'following' || span.to >= serverNow();
  const take = (latest: Latest | undefined) => {
    if (latest === undefined || !showsNow.current) return;
    if (append(past.current, latest, tag.expectedMs)) dirty.current = true;
  };

  useEffect(() => {
    if (resource.value === undefined) return;
    past.current = resource.value;
    dirty.current = true;
    take(reading(tag.id).peek());
  }, [resource.value, tag]);
  useSignalEffect(() => take(reading(tag.id).value));
  const data = useRef<TrendData>({ past, dirty, shown, resource });
  data.current.resource = resource;
  return data.current;
}

async function load(tag: number, span: TimeSpan, pixels: number, signal: AbortSignal): Promise<Past> {
  const now = serverNow();
  const { from, to } = rangeOf(span, now, null);
  const end = Math.min(to, now);
  if (from >= end) return { ...emptyPast };
  const query = new URLSearchParams({
    tags: String(tag),
    from: new Date(from).toISOString(),
    to: new Date(end).toISOString(),
    pixels: String(pixels),
  });
  const { trends } = await call<TrendAnswer>(`/api/v1/readings?${query.toString()}`, { signal });
  const [trend] = trends;
  return trend === undefined ? { ...emptyPast } : pastOf(trend);
}

/** Drags and wheels change the span many times: what counts is where it comes to rest. */
function useSettled(span: TimeSpan): TimeSpan {
  const [settled, setSettled] = useState(span);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(span), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [span]);
  return settled;
}
