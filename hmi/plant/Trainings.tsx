import { useState } from 'preact/hooks';
import type { ModelKind, TrainingOrder, TrainingView } from '../../gateway/api/models.ts';
import type { Page } from '../../platform/api/page.ts';
import { call } from '../api.ts';
import { now } from '../clock.ts';
import { Condition, type Kind } from '../components/Condition.tsx';
import { Form } from '../components/Form.tsx';
import { hindered } from '../components/hindered.ts';
import { PageHead } from '../components/PageHead.tsx';
import { Pager } from '../components/Pager.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { dateTime, duration } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { useTags } from './tags.ts';

const LIMIT = 50;
const modelKinds: readonly ModelKind[] = ['mstl', 'nlinear', 'seasonal-naive'];

const kinds: Record<TrainingView['state'], Kind> = {
  ordered: 'busy',
  sent: 'busy',
  queued: 'busy',
  running: 'busy',
  succeeded: 'calm',
  failed: 'fault',
};

/** Orders to the centre, and how far each has come. */
export function Trainings() {
  const [offset, setOffset] = useState(0);
  const path = `/api/v1/trainings?limit=${LIMIT}&offset=${offset}`;
  const trainings = useResource(path, (signal) => call<Page<TrainingView>>(path, { signal }), {
    room: 'trainings',
  });
  return (
    <>
      <PageHead title={t('trainings.title')} trail={[{ name: t('models.title'), path: '/models' }]} />
      <Order done={trainings.reload} />
      <Loaded of={trainings}>
        {({ items, total }) =>
          total === 0 ? (
            <Empty>{t('trainings.empty')}</Empty>
          ) : (
            <>
              <Table caption={t('trainings.title')} columns={columns()} rows={items} id={({ id }) => id} />
              <Pager offset={offset} limit={LIMIT} total={total} onGo={setOffset} />
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Order({ done }: { done: () => void }) {
  const tags = useTags();
  const order = async ({ tag = '', kind = '' }: Record<string, string>) => {
    const body: TrainingOrder = { tag: Number(tag), kind: kind as ModelKind };
    await call('/api/v1/trainings', { method: 'POST', body });
    done();
  };
  return (
    <section class="panel order" aria-labelledby="order">
      <h2 id="order">{t('trainings.order')}</h2>
      <Loaded of={tags}>
        {(all) => (
          <Form action={t('trainings.send')} send={order} blocked={hindered('engineer')}>
            <label class="field">
              <span>{t('trainings.tag')}</span>
              <select name="tag" required>
                {all
                  .filter(({ forecast }) => forecast !== null)
                  .map(({ id, name, description }) => (
                    <option key={id} value={id}>
                      {name} {description}
                    </option>
                  ))}
              </select>
            </label>
            <label class="field">
              <span>{t('trainings.kind')}</span>
              <select name="kind" required>
                {modelKinds.map((kind) => (
                  <option key={kind} value={kind}>
                    {t(`model.kind.${kind}`)}
                  </option>
                ))}
              </select>
            </label>
          </Form>
        )}
      </Loaded>
    </section>
  );
}

const columns = (): Column<TrainingView>[] => [
  {
    key: 'state',
    head: t('trainings.state'),
    cell: ({ state, error }) => (
      <span class="stack">
        <Condition kind={kinds[state]}>{t(`training.state.${state}`)}</Condition>
        {error === null ? null : <small class="wrap">{error}</small>}
      </span>
    ),
  },
  {
    key: 'tag',
    head: t('trainings.tag'),
    cell: ({ tag, tagName }) => (
      <a class="in-row" href={`/tags/${tag}`}>
        <strong>{tagName}</strong>
      </a>
    ),
  },
  { key: 'kind', head: t('trainings.kind'), cell: ({ kind }) => t(`model.kind.${kind}`) },
  {
    key: 'ordered',
    head: t('trainings.ordered'),
    tight: true,
    cell: ({ orderedAt, orderedBy }) => (
      <span class="stack">
        <span>{dateTime(orderedAt)}</span>
        <small>{orderedBy}</small>
      </span>
    ),
  },
  {
    key: 'took',
    head: t('trainings.took'),
    align: 'right',
    cell: ({ orderedAt, endedAt }) =>
      duration((endedAt === null ? now.value : Date.parse(endedAt)) - Date.parse(orderedAt)),
  },
  {
    key: 'model',
    head: t('trainings.model'),
    cell: ({ model }) =>
      model === null ? (
        ''
      ) : (
        <a class="in-row" href="/models">
          {t('trainings.toModel')}
        </a>
      ),
  },
];
