import { useState } from 'preact/hooks';
import type { ModelView } from '../../gateway/api/models.ts';
import type { Page } from '../../platform/api/page.ts';
import { call } from '../api.ts';
import { Command } from '../components/Command.tsx';
import { Condition, type Kind } from '../components/Condition.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Pager } from '../components/Pager.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { dateTime, decimal, figure, percent } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';

const LIMIT = 100;

const kinds: Record<ModelView['state'], Kind> = {
  active: 'calm',
  shadow: 'busy',
  retired: 'idle',
  refused: 'fault',
};

/** What forecasts, how good it has been in earnest, and what could take its place. */
export function Models() {
  const [offset, setOffset] = useState(0);
  const path = `/api/v1/models?limit=${LIMIT}&offset=${offset}`;
  const models = useResource(path, (signal) => call<Page<ModelView>>(path, { signal }), { room: 'models' });
  return (
    <>
      <PageHead title={t('models.title')}>
        <a class="button" href="/trainings">
          {t('trainings.order')}
        </a>
      </PageHead>
      <Loaded of={models}>
        {({ items, total }) =>
          total === 0 ? (
            <Empty>{t('models.empty')}</Empty>
          ) : (
            <>
              <Table
                caption={t('models.title')}
                columns={columns(models.reload)}
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

const score = (amount: number | null | undefined, show: (value: number) => string): string =>
  amount === null || amount === undefined ? t('value.notYet') : show(amount);

const named = (model: ModelView): string =>
  `${t(`model.kind.${model.kind}`)} ${t('model.version', { version: model.version })}`;

const columns = (reload: () => void): Column<ModelView>[] => [
  {
    key: 'state',
    head: t('models.state'),
    tight: true,
    cell: ({ state }) => <Condition kind={kinds[state]}>{t(`model.state.${state}`)}</Condition>,
  },
  {
    key: 'tag',
    head: t('models.tag'),
    cell: ({ tag, tagName }) => (
      <a class="in-row" href={`/tags/${tag}`}>
        <strong>{tagName}</strong>
      </a>
    ),
  },
  {
    key: 'model',
    head: t('models.model'),
    cell: (model) => (
      <span class="stack">
        <span>{named(model)}</span>
        <small>{t(`model.origin.${model.origin}`, { at: dateTime(model.trainedAt) })}</small>
      </span>
    ),
  },
  {
    key: 'skill',
    tight: true,
    head: t('models.skill'),
    align: 'right',
    cell: ({ skill }) => score(skill, (share) => percent(share)),
  },
  {
    key: 'coverage',
    tight: true,
    head: t('models.coverage'),
    align: 'right',
    cell: ({ coverage95 }) => score(coverage95, (share) => percent(share)),
  },
  { key: 'mae', tight: true, head: t('models.mae'), align: 'right', cell: ({ mae }) => score(mae, figure) },
  { key: 'backtest', head: t('models.backtest'), cell: (model) => <Backtest model={model} /> },
  {
    key: 'activate',
    head: <span class="unseen">{t('models.activate')}</span>,
    cell: (model) =>
      model.state === 'shadow' || model.state === 'retired' ? <Activate model={model} done={reload} /> : null,
  },
];

/** What the training measured, before the model had to prove itself. */
function Backtest({ model: { metrics, note } }: { model: ModelView }) {
  const { mase, coverage95 } = metrics;
  return (
    <span class="stack">
      <span>
        {[
          ...(mase === undefined ? [] : [`MASE ${decimal(mase, 2)}`]),
          ...(coverage95 === undefined ? [] : [`${t('models.coverage')}: ${percent(coverage95)}`]),
        ].join(', ')}
      </span>
      {note === null ? null : <small>{note}</small>}
    </span>
  );
}

function Activate({ model, done }: { model: ModelView; done: () => void }) {
  return (
    <Command
      role="engineer"
      label={t('models.activateOne', { model: named(model), tag: model.tagName })}
      confirm={{
        title: t('models.activate'),
        text: t('models.activateQuestion', { model: named(model), tag: model.tagName }),
        action: t('models.activate'),
      }}
      run={async () => {
        await call(`/api/v1/models/${encodeURIComponent(model.id)}/activation`, { method: 'POST' });
        done();
      }}
    >
      {t('models.activate')}
    </Command>
  );
}
