import { now } from '../clock.ts';
import { Command } from '../components/Command.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { duration, exactTime, fullDay, time } from '../format.ts';
import { t } from '../locale.ts';
import { crossed, placeOf } from './alarm-words.ts';
import { AlarmMark } from './AlarmMark.tsx';
import { type AlarmView, isUnacknowledged } from './alarms.ts';
import { value } from './value.ts';

interface Props {
  alarms: readonly AlarmView[];
  selected?: ReadonlySet<string>;
  onToggle?: (id: string) => void;
  onAcknowledge?: (id: string) => Promise<void>;
}

/** Without the callbacks it is a record to read only. */
export function AlarmTable({ alarms, selected, onToggle, onAcknowledge }: Props) {
  const columns = [
    ...(onToggle === undefined ? [] : [selectColumn(selected ?? new Set(), onToggle)]),
    ...facts(),
    ...(onAcknowledge === undefined ? [] : [answerColumn(onAcknowledge)]),
  ];
  return (
    <Table
      caption={t('alarms.title')}
      columns={columns}
      rows={alarms}
      id={({ id }) => id}
      rowId={({ id }) => `alarm-${id}`}
      mark={(alarm) => (isUnacknowledged(alarm) ? 'waiting' : undefined)}
    />
  );
}

const name = ({ tagName, description }: AlarmView): string => `${tagName} ${description}`;

const selectColumn = (selected: ReadonlySet<string>, onToggle: (id: string) => void): Column<AlarmView> => ({
  key: 'select',
  head: <span class="unseen">{t('alarms.select')}</span>,
  cell: (alarm) => (
    <label class="pick">
      <input
        type="checkbox"
        checked={selected.has(alarm.id)}
        disabled={!isUnacknowledged(alarm)}
        onChange={() => onToggle(alarm.id)}
      />
      <span class="unseen">{t('alarms.selectOne', { name: name(alarm) })}</span>
    </label>
  ),
});

const answerColumn = (onAcknowledge: (id: string) => Promise<void>): Column<AlarmView> => ({
  key: 'answer',
  head: <span class="unseen">{t('alarms.acknowledge')}</span>,
  cell: (alarm) =>
    isUnacknowledged(alarm) ? (
      <Command
        role="operator"
        label={t('alarms.acknowledgeOne', { name: name(alarm) })}
        run={() => onAcknowledge(alarm.id)}
      >
        {t('alarms.acknowledge')}
      </Command>
    ) : null,
});

const facts = (): Column<AlarmView>[] => [
  {
    key: 'mark',
    head: <span class="unseen">{t('alarms.priority')}</span>,
    cell: (alarm) => <AlarmMark priority={alarm.priority} state={alarm.state} />,
  },
  { key: 'raised', head: t('alarms.raised'), tight: true, cell: (alarm) => <Raised at={alarm.raisedAt} /> },
  {
    key: 'tag',
    head: t('alarms.tag'),
    cell: (alarm) => (
      <a class="in-row" href={placeOf(alarm)}>
        <strong>{alarm.tagName}</strong> <span>{alarm.description}</span>
      </a>
    ),
  },
  {
    key: 'value',
    head: t('alarms.value'),
    align: 'right',
    tight: true,
    cell: (alarm) => <Crossing alarm={alarm} />,
  },
  { key: 'state', head: t('alarms.state'), cell: (alarm) => <State alarm={alarm} /> },
  { key: 'action', head: t('alarms.action'), cell: (alarm) => <Remedy alarm={alarm} /> },
];

function Raised({ at }: { at: string }) {
  return (
    <time dateTime={at} title={exactTime(at)}>
      <span>{time(at)}</span>
      <small>{fullDay(at)}</small>
    </time>
  );
}

function Crossing({ alarm }: { alarm: AlarmView }) {
  if (alarm.source !== null) {
    return (
      <span class="stack">
        <span class="strong">{alarm.condition}</span>
        <small>{t('alarms.ofSource', { source: alarm.source, severity: alarm.severity ?? '–' })}</small>
      </span>
    );
  }
  return (
    <span class="stack">
      <span class="strong">{value(alarm.valueAtRaise, null, alarm.unit)}</span>
      <small>{crossed(alarm, alarm.limit)}</small>
    </span>
  );
}

function State({ alarm }: { alarm: AlarmView }) {
  const end = alarm.clearedAt === null ? now.value : Date.parse(alarm.clearedAt);
  return (
    <span class="stack">
      <span>
        {t(`alarm.state.${alarm.state}`)}, {duration(end - Date.parse(alarm.raisedAt))}
      </span>
      {alarm.uncertain ? <small>{t('alarms.uncertain')}</small> : null}
      {alarm.acknowledgedAt === null ? null : (
        <small>
          {t('alarms.acknowledgedBy', { by: alarm.acknowledgedBy ?? '–', at: time(alarm.acknowledgedAt) })}
          {alarm.comment === null ? null : `: ${alarm.comment}`}
        </small>
      )}
    </span>
  );
}

function Remedy({ alarm }: { alarm: AlarmView }) {
  return (
    <span class="stack">
      <span>{alarm.action}</span>
      <small>{alarm.consequence}</small>
    </span>
  );
}
