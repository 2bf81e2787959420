import { useRoute } from 'preact-iso';
import { call } from '../api.ts';
import { now, serverNow } from '../clock.ts';
import { Facts } from '../components/Facts.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Loaded } from '../components/States.tsx';
import { dateTime, duration } from '../format.ts';
import { link, reading } from '../live.ts';
import { t } from '../locale.ts';
import { lookOf } from '../quality.ts';
import { isAtLeast } from '../session.ts';
import { useResource } from '../resource.ts';
import { crossed } from './alarm-words.ts';
import { AlarmMark } from './AlarmMark.tsx';
import { type AlarmView, openAlarms } from './alarms.ts';
import { ExportButton } from './export/ExportButton.tsx';
import { RangeBar } from './RangeBar.tsx';
import { reasonText } from './reason.ts';
import { SetPoint } from './SetPoint.tsx';
import type { TagView } from './tags.ts';
import { Trend } from './trend/Trend.tsx';
import { digits, value } from './value.ts';

const DAY_MS = 86_400_000;

/** Level 3: one tag with all that is known of it. */
export function TagPage() {
  const id = useRoute().params['id'] ?? '';
  const path = `/api/v1/tags/${encodeURIComponent(id)}`;
  const tag = useResource(path, (signal) => call<TagView>(path, { signal }));
  return (
    <>
      <PageHead
        title={tag.value?.description ?? t('tag.title')}
        trail={[{ name: t('overview.title'), path: '/' }]}
      >
        {isAtLeast('engineer') ? (
          <a class="button" href={`/tags/${id}/settings`}>
            {t('tag.settings')}
          </a>
        ) : null}
      </PageHead>
      <Loaded of={tag}>{(view) => <Faceplate key={view.id} tag={view} />}</Loaded>
    </>
  );
}

function Faceplate({ tag }: { tag: TagView }) {
  return (
    <div class="faceplate">
      <div class="faceplate-side">
        <Now tag={tag} />
        {tag.write === null ? null : <SetPoint tag={tag} settings={tag.write} />}
      </div>
      <div class="faceplate-main">
        {tag.kind === 'number' ? <Trend tag={tag} /> : <Texts tag={tag} />}
        <About tag={tag} />
      </div>
    </div>
  );
}

function Texts({ tag }: { tag: TagView }) {
  const lastDay = () => ({ from: serverNow() - DAY_MS, to: serverNow() });
  return (
    <>
      <p class="state">{t('trend.text')}</p>
      <p>
        <ExportButton tag={tag} range={lastDay} />
      </p>
    </>
  );
}

function Now({ tag }: { tag: TagView }) {
  const latest = reading(tag.id).value;
  const look = lookOf(latest, tag.expectedMs, now.value, link.value.state !== 'lost');
  const why = latest === undefined ? null : reasonText(latest.quality);
  const alarms = (openAlarms.value ?? []).filter((alarm) => alarm.tag === tag.id);
  return (
    <section class="now" data-look={look} aria-label={t('tag.now')}>
      <p class="tile-name">
        <span>{tag.name}</span>
      </p>
      <p class="reading big">
        <output class="digits">{digits(latest, tag.decimals)}</output> <span class="unit">{tag.unit}</span>
      </p>
      <RangeBar tag={tag} value={typeof latest?.value === 'number' ? latest.value : null} />
      <p class="remark">
        {t(`look.${look}`, { age: latest === undefined ? '' : duration(now.value - latest.at) })}
        {why === null ? '' : `: ${why}`}
      </p>
      {latest === undefined ? null : <p class="note">{t('tag.at', { at: dateTime(latest.at) })}</p>}
      {alarms.map((alarm) => (
        <TagAlarm key={alarm.id} alarm={alarm} tag={tag} />
      ))}
    </section>
  );
}

function TagAlarm({ alarm, tag }: { alarm: AlarmView; tag: TagView }) {
  return (
    <a class="tag-alarm" href="/alarms">
      <AlarmMark priority={alarm.priority} state={alarm.state} />
      <span>
        {crossed(alarm, alarm.limit, tag.decimals)}
        <small>{alarm.kind === 'device' ? alarm.description : alarm.action}</small>
      </span>
    </a>
  );
}

function About({ tag }: { tag: TagView }) {
  const span = (range: readonly [number, number] | null) =>
    range === null
      ? t('value.none')
      : `${value(range[0], tag.decimals, '')} … ${value(range[1], tag.decimals, tag.unit)}`;
  const facts: [string, string][] = [
    [t('tag.area'), tag.area],
    [t('tag.source'), tag.source],
    [t('tag.address'), address(tag.address)],
    [t('tag.expected'), tag.expectedMs === null ? t('tag.byException') : duration(tag.expectedMs)],
    [t('tag.range'), span(tag.limits.range)],
    [t('tag.normal'), span(tag.limits.normal)],
    ...tag.alarmLimits.map(({ kind, limit, priority }): [string, string] => [
      t('tag.limit', { kind: t(`alarm.kind.${kind}`), priority }),
      value(limit, tag.decimals, tag.unit),
    ]),
  ];
  return <Facts of={facts} />;
}

const address = (given: unknown): string => (typeof given === 'string' ? given : JSON.stringify(given));
