import { useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';
import type { JobRunView, JobView } from '../../platform/api/jobs.ts';
import type { Page } from '../../platform/api/page.ts';
import { all, call } from '../api.ts';
import { now } from '../clock.ts';
import { dateTime, duration, figure } from '../format.ts';
import { t, translated } from '../locale.ts';
import { useResource } from '../resource.ts';
import { Command } from './Command.tsx';
import { Condition, type Kind } from './Condition.tsx';
import { PageHead } from './PageHead.tsx';
import { Pager } from './Pager.tsx';
import { Empty, Loaded } from './States.tsx';
import { type Column, Table } from './Table.tsx';

const LIMIT = 50;

const kinds: Record<JobRunView['outcome'], Kind> = {
  running: 'busy',
  succeeded: 'calm',
  failed: 'fault',
  interrupted: 'attention',
};

/** Scheduled work: when it runs next, how it went last, and a start by hand. */
export function Jobs() {
  const jobs = useResource('jobs', (signal) => all<JobView>('/api/v1/jobs', signal), { room: 'jobs' });
  return (
    <>
      <PageHead title={t('jobs.title')} />
      <Loaded of={jobs}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty>{t('jobs.empty')}</Empty>
          ) : (
            <Table
              caption={t('jobs.title')}
              columns={jobColumns(jobs.reload)}
              rows={rows}
              id={({ name }) => name}
            />
          )
        }
      </Loaded>
    </>
  );
}

const runsPath = (job: string): string => `/api/v1/jobs/${encodeURIComponent(job)}/runs`;

const jobColumns = (reload: () => void): Column<JobView>[] => [
  {
    key: 'name',
    head: t('jobs.name'),
    cell: ({ name }) => (
      <a class="in-row" href={`/jobs/${encodeURIComponent(name)}`}>
        <strong>{name}</strong> <span>{translated(`job.${name}`)}</span>
      </a>
    ),
  },
  { key: 'cron', head: t('jobs.schedule'), tight: true, cell: ({ cron }) => <code>{cron}</code> },
  {
    key: 'next',
    head: t('jobs.next'),
    tight: true,
    cell: ({ nextAt }) =>
      nextAt === null ? t('value.none') : t('value.in', { time: duration(Date.parse(nextAt) - now.value) }),
  },
  {
    key: 'last',
    head: t('jobs.last'),
    cell: ({ last }) => (last === null ? t('value.notYet') : <Outcome run={last} />),
  },
  {
    key: 'start',
    head: <span class="unseen">{t('jobs.start')}</span>,
    cell: (job) => (
      <Command
        role="engineer"
        label={t('jobs.startOne', { name: job.name })}
        blocked={job.running ? t('jobs.isRunning') : undefined}
        run={async () => {
          await call(runsPath(job.name), { method: 'POST' });
          reload();
        }}
      >
        {t('jobs.start')}
      </Command>
    ),
  },
];

function Outcome({ run }: { run: JobRunView }) {
  const end = run.endedAt === null ? now.value : Date.parse(run.endedAt);
  return (
    <span class="stack">
      <Condition kind={kinds[run.outcome]}>{t(`run.${run.outcome}`)}</Condition>
      <small>
        {t('jobs.ranAt', { at: dateTime(run.startedAt), took: duration(end - Date.parse(run.startedAt)) })}
      </small>
      {run.error === null ? null : <small class="wrap">{run.error}</small>}
    </span>
  );
}

/** What each run of one job has done. */
export function JobRuns() {
  const name = useRoute().params['name'] ?? '';
  const [offset, setOffset] = useState(0);
  const path = `${runsPath(name)}?limit=${LIMIT}&offset=${offset}`;
  const runs = useResource(path, (signal) => call<Page<JobRunView>>(path, { signal }), { room: 'jobs' });
  return (
    <>
      <PageHead title={t('jobs.runsOf', { name })} trail={[{ name: t('jobs.title'), path: '/jobs' }]} />
      <Loaded of={runs}>
        {({ items, total }) =>
          total === 0 ? (
            <Empty>{t('jobs.noRuns')}</Empty>
          ) : (
            <>
              <Table
                caption={t('jobs.runsOf', { name })}
                columns={runColumns()}
                rows={items}
                id={({ id }) => id}
              />
              <Pager offset={offset} limit={LIMIT} total={total} onGo={setOffset} />
            </>
          )
        }
      </Loaded>
    </>
  );
}

const runColumns = (): Column<JobRunView>[] => [
  { key: 'outcome', head: t('jobs.outcome'), cell: (run) => <Outcome run={run} /> },
  { key: 'slot', head: t('jobs.slot'), tight: true, cell: ({ slot }) => dateTime(slot) },
  { key: 'by', head: t('jobs.startedBy'), cell: ({ startedBy }) => startedBy ?? t('jobs.bySchedule') },
  {
    key: 'counts',
    head: t('jobs.counts'),
    cell: ({ counts }) =>
      Object.entries(counts)
        .map(([what, count]) => `${what} ${figure(count)}`)
        .join(', '),
  },
];
