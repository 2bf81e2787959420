import type { ForecastView } from '../../../gateway/api/models.ts';
import { now } from '../../clock.ts';
import { dateTime, duration, figure, percent } from '../../format.ts';
import { t } from '../../locale.ts';
import { statusOf } from '../../quality.ts';
import { reasonText } from '../reason.ts';
import type { TagView } from '../tags.ts';
import { value } from '../value.ts';
import type { Past } from './columns.ts';
import type { TrendData } from './data.ts';

interface Props {
  tag: TagView;
  data: TrendData;
  forecast: ForecastView | null;
  cursor: number | null;
}

/** The figures under the cursor, else the newest; and how fine the picture is. */
export function Readout({ tag, data, forecast, cursor }: Props) {
  const { past } = data.shown.value;
  const index = cursor === null ? past.at.length - 1 : nearest(past.at, cursor);
  const ahead = cursor === null || forecast === null ? -1 : forecast.at.indexOf(cursor);
  return (
    <div class="readout">
      <dl>
        {ahead >= 0 && forecast !== null ? (
          <Expected tag={tag} forecast={forecast} index={ahead} />
        ) : (
          <Measured tag={tag} past={past} index={index} />
        )}
      </dl>
      <p class="note">
        {past.resolution === 'raw' || past.bucketMs === null
          ? t('trend.raw')
          : t('trend.envelope', { bucket: duration(past.bucketMs) })}
      </p>
    </div>
  );
}

function Measured({ tag, past, index }: { tag: TagView; past: Past; index: number }) {
  const at = past.at[index];
  if (at === undefined) return <Pair name={t('trend.value')} text={t('trend.nothing')} />;
  const show = (amount: number | null | undefined) => value(amount ?? null, tag.decimals, tag.unit);
  const quality = past.quality[index] ?? 0;
  const status = statusOf(quality);
  return (
    <>
      <Pair name={t('trend.time')} text={dateTime(at)} />
      <Pair name={t('trend.value')} text={show(past.last[index])} />
      {past.resolution === 'raw' ? null : (
        <>
          <Pair name={t('trend.lowest')} text={show(past.min[index])} />
          <Pair name={t('trend.highest')} text={show(past.max[index])} />
        </>
      )}
      {status === 'good' ? null : (
        <Pair name={t('trend.quality')} text={reasonText(quality) ?? t(`look.${status}`)} />
      )}
    </>
  );
}

function Expected({ tag, forecast, index }: { tag: TagView; forecast: ForecastView; index: number }) {
  const show = (column: readonly number[]) => value(column[index] ?? null, tag.decimals, tag.unit);
  return (
    <>
      <Pair name={t('trend.time')} text={dateTime(forecast.at[index] ?? 0)} />
      <Pair name={t('trend.forecast')} text={show(forecast.mean)} />
      <Pair name={t('trend.band80')} text={`${show(forecast.lower80)} … ${show(forecast.upper80)}`} />
      <Pair name={t('trend.band95')} text={`${show(forecast.lower95)} … ${show(forecast.upper95)}`} />
    </>
  );
}

function Pair({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

/** What made the forecast, and how good it has been: a forecast without its record is not shown. */
export function ForecastNote({ forecast, tag }: { forecast: ForecastView | null; tag: TagView }) {
  if (forecast === null)
    return <p class="note">{t(tag.forecast === null ? 'trend.noForecast' : 'trend.forecastSoon')}</p>;
  return (
    <p class="note legend">
      <span class="swatch dashed" /> {t(`model.kind.${forecast.kind}`)}{' '}
      {t('model.version', { version: forecast.version })}
      {', '}
      {t('trend.issued', { age: duration(now.value - Date.parse(forecast.issuedAt)) })}
      {'. '}
      <span class="swatch narrow" /> 80 % <span class="swatch wide" /> 95 %{'. '}
      {record(forecast, tag)}
    </p>
  );
}

function record({ coverage95, skill, mae }: ForecastView, { unit }: TagView): string {
  if (coverage95 === null && mae === null) return t('trend.noRecord');
  const orNone = (amount: number | null, show: (amount: number) => string) =>
    amount === null ? t('value.notYet') : show(amount);
  return t('trend.record', {
    coverage: orNone(coverage95, (share) => percent(share)),
    skill: orNone(skill, (share) => percent(share)),
    mae: orNone(mae, (amount) => `${figure(amount)} ${unit}`),
  });
}

function nearest(at: readonly number[], wanted: number): number {
  let low = 0;
  let high = at.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  const before = at[low - 1];
  const found = at[low];
  return before !== undefined && found !== undefined && wanted - before < found - wanted ? low - 1 : low;
}
