import { shortTime } from '../format.ts';
import { type Key, t } from '../locale.ts';
import { crossed, placeOf } from './alarm-words.ts';
import { AlarmMark } from './AlarmMark.tsx';
import { type AlarmView, alarmsProblem, byUrgency, isUnacknowledged, openAlarms } from './alarms.ts';

const SHOWN = 2;

/** On every page: how many of each priority, and the most urgent ones that nobody has acknowledged (rule L10). */
export function AlarmBanner() {
  const alarms = openAlarms.value;
  const waiting = (alarms ?? []).filter(isUnacknowledged).sort(byUrgency);
  const [first] = waiting;
  return (
    <section class="banner" aria-label={t('banner.label')}>
      <Counts alarms={alarms ?? []} />
      <div class="banner-top">
        {waiting.length === 0 ? <span class="calm">{t(calm(alarms))}</span> : null}
        {waiting.slice(0, SHOWN).map((alarm) => (
          <a key={alarm.id} href={placeOf(alarm)} class="banner-alarm">
            <AlarmMark priority={alarm.priority} state={alarm.state} />
            <time>{shortTime(alarm.raisedAt)}</time>
            <strong>{alarm.tagName}</strong>
            <span class="what">{alarm.description}</span>
            <span class="figures">{crossed(alarm, alarm.valueAtRaise)}</span>
          </a>
        ))}
      </div>
      <a class="banner-all" href="/alarms">
        {t('banner.all', { count: waiting.length })}
      </a>
      <p class="unseen" aria-live={first?.priority === 1 ? 'assertive' : 'polite'}>
        {first === undefined ? '' : announcement(first)}
      </p>
    </section>
  );
}

function calm(alarms: readonly AlarmView[] | null): Key {
  if (alarms === null) return alarmsProblem.value === null ? 'state.loading' : 'banner.unknown';
  return alarms.length === 0 ? 'banner.none' : 'banner.allAcknowledged';
}

const announcement = (alarm: AlarmView): string =>
  t('banner.announcement', { priority: alarm.priority, tag: alarm.tagName, what: alarm.description });

function Counts({ alarms }: { alarms: readonly AlarmView[] }) {
  return (
    <ul class="counts" aria-label={t('banner.counts')}>
      {[1, 2, 3, 4].map((priority) => {
        const those = alarms.filter((alarm) => alarm.priority === priority);
        const waiting = those.filter(isUnacknowledged).length;
        return (
          <li key={priority} data-none={those.length === 0}>
            <AlarmMark
              priority={priority}
              state={waiting > 0 ? 'active' : 'acknowledged'}
              label={t('banner.priority', { priority })}
            />
            <span>{those.length}</span>
          </li>
        );
      })}
    </ul>
  );
}
