import { useEffect, useRef, useState } from 'preact/hooks';
import { Command } from '../components/Command.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Empty, Failure, Loading } from '../components/States.tsx';
import { t } from '../locale.ts';
import { AlarmTable } from './AlarmTable.tsx';
import {
  acknowledge,
  type AlarmView,
  alarmsProblem,
  byUrgency,
  hold,
  isUnacknowledged,
  openAlarms,
} from './alarms.ts';

/** The active alarms: most urgent first, acknowledged one by one, as selected, or those in view. */
export function Alarms() {
  const alarms = openAlarms.value;
  return (
    <>
      <PageHead title={t('alarms.title')}>
        <a class="button" href="/alarms/history">
          {t('alarms.history')}
        </a>
      </PageHead>
      {alarms === null && alarmsProblem.value === null ? <Loading /> : null}
      {alarms === null && alarmsProblem.value !== null ? <Failure problem={alarmsProblem.value} /> : null}
      {alarms === null ? null : <List alarms={alarms} />}
    </>
  );
}

function List({ alarms }: { alarms: readonly AlarmView[] }) {
  const sorted = [...alarms].sort(byUrgency);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [comment, setComment] = useState('');
  const held = useHeld(sorted, selected.size > 0);
  const waiting = held.rows.filter(isUnacknowledged);
  const chosen = waiting.filter(({ id }) => selected.has(id));

  const answer = async (ids: readonly string[]) => {
    await acknowledge(ids, comment.trim());
    setSelected(new Set());
    setComment('');
    held.release();
  };
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  };

  if (held.rows.length === 0) return <Empty>{t('alarms.none')}</Empty>;
  return (
    <div {...held.touch}>
      <div class="toolbar">
        <label class="comment">
          {t('alarms.comment')}
          <input
            type="text"
            maxLength={500}
            value={comment}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        </label>
        <Command
          role="operator"
          blocked={chosen.length === 0 ? t('alarms.selectFirst') : undefined}
          run={() => answer(chosen.map(({ id }) => id))}
        >
          {t('alarms.acknowledgeSelected', { count: chosen.length })}
        </Command>
        <Command
          role="operator"
          blocked={waiting.length === 0 ? t('alarms.nothingWaits') : undefined}
          run={() => answer(waiting.filter(({ id }) => isInView(id)).map(({ id }) => id))}
        >
          {t('alarms.acknowledgeVisible')}
        </Command>
      </div>
      {held.fresh === 0 ? null : (
        <button type="button" class="pill" onClick={held.release}>
          {t('alarms.fresh', { count: held.fresh })}
        </button>
      )}
      <AlarmTable
        alarms={held.rows}
        selected={selected}
        onToggle={toggle}
        onAcknowledge={(id) => answer([id])}
      />
    </div>
  );
}

/** "Visible" means seen: rows scrolled out of the window are not acknowledged (rule A6). */
function isInView(id: string): boolean {
  const box = document.getElementById(`alarm-${id}`)?.getBoundingClientRect();
  if (box === undefined) return false;
  const head = document.querySelector('.top')?.getBoundingClientRect().bottom ?? 0;
  return box.bottom > head && box.top < innerHeight;
}

/** While a finger or pointer is on the list, or rows are selected, no row moves (rule A5). */
function useHeld(sorted: readonly AlarmView[], isSelecting: boolean) {
  const [isTouched, setTouched] = useState(false);
  const shown = useRef<readonly AlarmView[]>(sorted);
  const [, redraw] = useState(0);
  const isHeld = isTouched || isSelecting;
  const view = isHeld ? hold(shown.current, sorted) : { rows: sorted, fresh: 0 };
  useEffect(() => {
    if (!isHeld) shown.current = sorted;
  });
  return {
    ...view,
    release: () => {
      shown.current = sorted;
      redraw((count) => count + 1);
    },
    touch: { onPointerEnter: () => setTouched(true), onPointerLeave: () => setTouched(false) },
  };
}
