import { clockSkewMs, now } from '../clock.ts';
import { dateTime, duration, offset } from '../format.ts';
import { link, newBuild } from '../live.ts';
import { t } from '../locale.ts';

/** Rule S2: says across the whole width that what is on screen is no longer live. */
export function LinkBar() {
  const state = link.value;
  if (state.state === 'lost') return <LossBar lastContact={state.lastContact} />;
  return (
    <>
      {newBuild.value ? (
        <div class="notice" role="status">
          <span>{t('link.newBuild')}</span>
          <button type="button" onClick={() => location.reload()}>
            {t('action.reload')}
          </button>
        </div>
      ) : null}
      {clockSkewMs.value === null ? null : (
        <div class="notice" role="status">
          {t(clockSkewMs.value > 0 ? 'link.clockAhead' : 'link.clockBehind', {
            by: duration(Math.abs(clockSkewMs.value)),
          })}
        </div>
      )}
    </>
  );
}

function LossBar({ lastContact }: { lastContact: number | null }) {
  return (
    <div class="loss" role="alert">
      <strong>{t('link.lost')}</strong>
      <span>
        {lastContact === null
          ? t('link.never')
          : t('link.lastContact', { at: `${dateTime(lastContact)} ${offset(lastContact)}` })}
      </span>
      {lastContact === null ? null : (
        <span aria-hidden="true">{t('link.ago', { age: duration(now.value - lastContact) })}</span>
      )}
    </div>
  );
}
