import { useState } from 'preact/hooks';
import type { BackupsView, BackupView } from '../../platform/api/backups.ts';
import { call } from '../api.ts';
import { now } from '../clock.ts';
import { Command } from '../components/Command.tsx';
import { Condition } from '../components/Condition.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Pager } from '../components/Pager.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { bytes, dateTime, duration, integer } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';

const PATH = '/api/v1/backups';
const LIMIT = 50;
/** They are made once a day, as a rule. */
const OLD_MS = 2 * 86_400_000;

/** What could be restored, how old it is, and one more now. */
export function Backups() {
  const [offset, setOffset] = useState(0);
  const path = `${PATH}?limit=${LIMIT}&offset=${offset}`;
  const backups = useResource(path, (signal) => call<BackupsView>(path, { signal }), { room: 'jobs' });
  return (
    <>
      <PageHead title={t('backups.title')}>
        {backups.value === undefined || backups.value.folder === null ? null : (
          <Command
            role="engineer"
            label={t('backups.make')}
            run={async () => {
              await call(PATH, { method: 'POST' });
              backups.reload();
            }}
          >
            {t('backups.make')}
          </Command>
        )}
      </PageHead>
      <Loaded of={backups}>
        {(view) => (
          <>
            <Newest view={view} first={offset === 0 ? view.items[0] : undefined} />
            {view.total === 0 ? null : (
              <>
                <Table
                  caption={t('backups.title')}
                  columns={columns()}
                  rows={view.items}
                  id={({ name }) => name}
                />
                <Pager offset={offset} limit={LIMIT} total={view.total} onGo={setOffset} />
              </>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

function Newest({ view, first }: { view: BackupsView; first: BackupView | undefined }) {
  if (view.folder === null) return <Empty>{t('backups.none')}</Empty>;
  const where = (
    <p>{t('backups.where', { folder: view.folder, keep: view.keep ?? 0, cron: view.cron ?? '' })}</p>
  );
  if (view.total === 0) return <Empty>{t('backups.empty')}</Empty>;
  if (first === undefined) return where;
  const age = now.value - Date.parse(first.madeAt);
  return (
    <>
      <p>
        <Condition kind={age > OLD_MS ? 'attention' : 'calm'}>
          {t('backups.age', { age: duration(age) })}
        </Condition>
      </p>
      {where}
    </>
  );
}

const columns = (): Column<BackupView>[] => [
  { key: 'made', head: t('backups.madeAt'), tight: true, cell: ({ madeAt }) => dateTime(madeAt) },
  { key: 'name', head: t('backups.name'), cell: ({ name }) => <code>{name}</code> },
  { key: 'rows', head: t('backups.rows'), align: 'right', cell: ({ rows }) => integer(rows) },
  { key: 'size', head: t('backups.size'), align: 'right', cell: (backup) => bytes(backup.bytes) },
  {
    key: 'tested',
    head: t('backups.tested'),
    cell: ({ restored, unable }) => (
      <span class="stack">
        <Condition kind={restored ? 'calm' : 'attention'}>
          {restored ? t('backups.restored') : t('backups.readBack')}
        </Condition>
        {unable === null ? null : <small class="wrap">{unable}</small>}
      </span>
    ),
  },
  { key: 'version', head: t('backups.version'), tight: true, cell: ({ version }) => version },
];
