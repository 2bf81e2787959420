import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ExportPlan } from '../../../gateway/api/history.ts';
import { call } from '../../api.ts';
import { Failure } from '../../components/States.tsx';
import { integer } from '../../format.ts';
import { t } from '../../locale.ts';
import { useResource } from '../../resource.ts';
import { timeZone } from '../../session.ts';
import type { TagView } from '../tags.ts';
import { fromLocal, toLocal } from './local.ts';
import { queryOf, type Running, useExport, type Wanted } from './run.ts';
import { TagChoice } from './TagChoice.tsx';

interface Props {
  tag: TagView;
  /** What is on screen. */
  range: { from: number; to: number };
  onClose: () => void;
}

/** All readings of some tags as a file: what, of when, how; then how far it is, and the way to end it. */
export function ExportDialog({ tag, range, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [tags, setTags] = useState<readonly TagView[]>([tag]);
  const [from, setFrom] = useState(() => toLocal(range.from));
  const [to, setTo] = useState(() => toLocal(range.to + 999));
  const [format, setFormat] = useState<Wanted['format']>('csv');
  const [inPlantTime, setInPlantTime] = useState(false);
  const { running, problem, isUnderWay, start, cancel } = useExport();
  useLayoutEffect(() => dialog.current?.showModal(), []);

  const wanted = wantedOf(tags, from, to, { format, inPlantTime });
  return (
    <dialog ref={dialog} class="confirm export" aria-labelledby={`${id}-title`} onClose={onClose}>
      <h2 id={`${id}-title`}>{t('export.title')}</h2>
      {isUnderWay ? null : (
        <>
          <TagChoice chosen={tags} onChoose={setTags} />
          <div class="fields">
            <Instant label={t('export.from')} text={from} onChange={setFrom} />
            <Instant label={t('export.to')} text={to} onChange={setTo} />
            <label class="field">
              <span>{t('export.format')}</span>
              <select
                value={format}
                onChange={(event) => setFormat(event.currentTarget.value as Wanted['format'])}
              >
                <option value="csv">{t('export.csv')}</option>
                <option value="parquet">{t('export.parquet')}</option>
              </select>
            </label>
          </div>
          {format === 'parquet' ? null : (
            <label class="pick-line">
              <input
                type="checkbox"
                checked={inPlantTime}
                onChange={(event) => setInPlantTime(event.currentTarget.checked)}
              />
              <span>{t('export.plantTime', { zone: timeZone.value })}</span>
            </label>
          )}
          <Plan wanted={wanted} />
        </>
      )}
      <Progress of={running} />
      {problem === null ? null : <Failure problem={problem} />}
      <div class="choices">
        <button type="button" class="act" onClick={onClose}>
          {t('export.close')}
        </button>
        {isUnderWay ? (
          <button type="button" class="act" onClick={() => void cancel()}>
            {t('export.cancel')}
          </button>
        ) : (
          <button
            type="button"
            class="act primary"
            aria-disabled={wanted === null}
            onClick={() => {
              if (wanted !== null) void start(wanted);
            }}
          >
            {t('export.start')}
          </button>
        )}
      </div>
    </dialog>
  );
}

/** Null where there is nothing to export yet. */
function wantedOf(
  tags: readonly TagView[],
  from: string,
  to: string,
  how: Pick<Wanted, 'format' | 'inPlantTime'>,
): Wanted | null {
  const [begin, end] = [fromLocal(from), fromLocal(to)];
  if (tags.length === 0 || begin === null || end === null || begin >= end) return null;
  return { tags: tags.map(({ id }) => id), from: begin, to: end, ...how };
}

interface InstantProps {
  label: string;
  text: string;
  onChange: (text: string) => void;
}

function Instant({ label, text, onChange }: InstantProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="datetime-local"
        step="1"
        value={text}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  );
}

/** About how much it would be. */
function Plan({ wanted }: { wanted: Wanted | null }) {
  const query = wanted === null ? null : queryOf(wanted);
  const plan = useResource(`export ${query ?? ''}`, async (signal) =>
    query === null ? null : call<ExportPlan>(`/api/v1/readings/export/plan?${query}`, { signal }),
  );
  if (wanted === null) return <p class="note">{t('export.incomplete')}</p>;
  if (plan.state === 'failed') return <Failure problem={plan.problem} />;
  const rows = plan.value?.rows;
  return (
    <p class="note" role="status">
      {rows === undefined ? t('state.loading') : t('export.about', { count: rows })}
    </p>
  );
}

function Progress({ of }: { of: Running }) {
  if (of.state === 'idle') return null;
  if (of.state === 'starting') return <p role="status">{t('export.starting', { file: of.file })}</p>;
  const { rows, expected, file, state } = of;
  return (
    <div class="export-progress">
      {state === 'running' ? (
        <progress aria-label={file} max={Math.max(expected, rows, 1)} value={rows} />
      ) : null}
      <p role="status">{t(`export.${state}`, { file, rows: integer(rows), expected: integer(expected) })}</p>
    </div>
  );
}
