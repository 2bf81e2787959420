import type { Settings } from '../../forecasting/artefact.ts';
import type { Series } from '../../forecasting/series.ts';
import type { TagId } from '../../history/reading.ts';

export interface HistoryQuery {
  readonly tag: TagId;
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

/** Values on a regular grid from `from` (a multiple of `stepMs`) up to `to`; NaN where nothing good was measured. */
export type SelectSeries = (query: HistoryQuery) => Promise<Float64Array>;

/** The last `steps` whole steps before `slot`. */
export async function seriesBefore(
  selectSeries: SelectSeries,
  slot: number,
  { tag, settings, steps }: { tag: TagId; settings: Settings; steps: number },
): Promise<Series> {
  const { stepMs } = settings;
  const to = Math.floor(slot / stepMs) * stepMs;
  const start = to - steps * stepMs;
  return { start, stepMs, values: await selectSeries({ tag, from: start, to, stepMs }) };
}
