import { useState } from 'preact/hooks';
import { type Column, Table } from '../../components/Table.tsx';
import { Pager } from '../../components/Pager.tsx';
import { dateTime, offset } from '../../format.ts';
import { t } from '../../locale.ts';
import { statusOf } from '../../quality.ts';
import { reasonText } from '../reason.ts';
import type { TagView } from '../tags.ts';
import { value } from '../value.ts';
import { type Past, summarise } from './columns.ts';

const LIMIT = 100;

interface Props {
  tag: TagView;
  past: Past | undefined;
}

/** The same in words and in figures, for those whom a picture does not serve. */
export function SummaryAndTable({ tag, past }: Props) {
  const [isOpen, setOpen] = useState(false);
  const summary = past === undefined ? null : summarise(past);
  const show = (amount: number) => value(amount, tag.decimals, tag.unit);
  return (
    <>
      <p class="note">
        {summary === null
          ? t('trend.noValues')
          : t('trend.summary', {
              low: show(summary.low),
              high: show(summary.high),
              last: show(summary.last),
              gaps: summary.gaps,
            })}
      </p>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t('trend.table')}</summary>
        {isOpen ? <Rows tag={tag} past={past} /> : null}
      </details>
    </>
  );
}

function Rows({ tag, past }: Props) {
  const [from, setFrom] = useState(0);
  if (past === undefined || past.at.length === 0) return <p class="state">{t('trend.noValues')}</p>;
  const newestFirst = past.at.map((_, index) => past.at.length - 1 - index);
  const show = (column: readonly (number | null)[]) => (index: number) =>
    value(column[index] ?? null, tag.decimals, tag.unit);
  const columns: Column<number>[] = [
    {
      key: 'at',
      head: `${t('trend.time')} (${offset(past.at[0] ?? 0)})`,
      tight: true,
      cell: (index) => dateTime(past.at[index] ?? 0),
    },
    { key: 'last', head: t('trend.value'), align: 'right', cell: show(past.last) },
    { key: 'min', head: t('trend.lowest'), align: 'right', cell: show(past.min) },
    { key: 'max', head: t('trend.highest'), align: 'right', cell: show(past.max) },
    {
      key: 'quality',
      head: t('trend.quality'),
      cell: (index) => {
        const quality = past.quality[index] ?? 0;
        return reasonText(quality) ?? t(`look.${statusOf(quality)}`);
      },
    },
  ];
  return (
    <>
      <Table
        caption={t('trend.table')}
        columns={columns}
        rows={newestFirst.slice(from, from + LIMIT)}
        id={(index) => past.at[index] ?? index}
      />
      <Pager offset={from} limit={LIMIT} total={past.at.length} onGo={setFrom} />
    </>
  );
}
