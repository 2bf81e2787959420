import type { LossView } from '../../gateway/api/sources.ts';
import type { Column } from '../components/Table.tsx';
import { dateTime, duration, integer } from '../format.ts';
import { t } from '../locale.ts';

/** What is known of readings that are missing. */
export const lossColumns = (): Column<LossView>[] => [
  { key: 'from', head: t('losses.from'), tight: true, cell: ({ from }) => dateTime(from) },
  {
    key: 'took',
    head: t('losses.took'),
    align: 'right',
    cell: ({ from, to }) => duration(Date.parse(to) - Date.parse(from)),
  },
  { key: 'tag', head: t('alarms.tag'), cell: ({ tag }) => tag ?? t('losses.allTags') },
  { key: 'cause', head: t('losses.cause'), cell: ({ cause }) => <span class="wrap">{cause}</span> },
  {
    key: 'count',
    head: t('ledger.lost'),
    align: 'right',
    cell: ({ count }) => (count === null ? t('losses.unknown') : integer(count)),
  },
  {
    key: 'recovered',
    head: t('losses.recovered'),
    align: 'right',
    cell: ({ recovered }) => integer(recovered),
  },
];
