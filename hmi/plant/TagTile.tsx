import { now } from '../clock.ts';
import { duration } from '../format.ts';
import { link, reading } from '../live.ts';
import { t } from '../locale.ts';
import { type Look, lookOf } from '../quality.ts';
import { AlarmMark } from './AlarmMark.tsx';
import { alarmOfTag } from './alarms.ts';
import { RangeBar } from './RangeBar.tsx';
import { reasonText } from './reason.ts';
import { Sparkline } from './Sparkline.tsx';
import type { TagView } from './tags.ts';
import { digits } from './value.ts';

/** One live value in its context. It re-renders alone: it reads only its own tag's signal, and the clock. */
export function TagTile({ tag }: { tag: TagView }) {
  const latest = reading(tag.id).value;
  const look = lookOf(latest, tag.expectedMs, now.value, link.value.state !== 'lost');
  const alarm = alarmOfTag.value.get(tag.id);

  return (
    <a class="tile" href={`/tags/${tag.id}`} data-look={look} data-kind={tag.kind}>
      <span class="tile-head">
        <span class="tile-title">{tag.description || tag.name}</span>
        {alarm === undefined ? null : <AlarmMark priority={alarm.priority} state={alarm.state} />}
      </span>
      <Remark look={look} tag={tag} />
      <span class="reading">
        <output class="digits">{digits(latest, tag.decimals)}</output>
        {tag.unit === '' ? null : <span class="unit">{tag.unit}</span>}
      </span>
      <Sparkline tag={tag} />
      <RangeBar tag={tag} value={typeof latest?.value === 'number' ? latest.value : null} />
    </a>
  );
}

/** Beneath the title: the tag's name, or what is wrong with its value. */
function Remark({ look, tag }: { look: Look; tag: TagView }) {
  const latest = reading(tag.id).value;
  const age = latest === undefined ? '' : duration(now.value - latest.at);
  return (
    <span class="tile-name">
      {look === 'good' ? tag.name : <span class="remark">{remark(look, age, latest?.quality ?? 0)}</span>}
    </span>
  );
}

function remark(look: Exclude<Look, 'good'>, age: string, quality: number): string {
  switch (look) {
    case 'missing':
      return t('look.missing');
    case 'stale':
      return t('look.stale', { age });
    case 'uncertain':
    case 'bad':
      return reasonText(quality) ?? t(`look.${look}`);
  }
}
