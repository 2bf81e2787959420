import { useState } from 'preact/hooks';
import type { Page } from '../../platform/api/page.ts';
import { call } from '../api.ts';
import { PageHead } from '../components/PageHead.tsx';
import { Pager } from '../components/Pager.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { AlarmTable } from './AlarmTable.tsx';
import type { AlarmView } from './alarms.ts';

const LIMIT = 50;

/** Every occurrence, also those that are over. */
export function AlarmHistory() {
  const [offset, setOffset] = useState(0);
  const path = `/api/v1/alarms?state=all&limit=${LIMIT}&offset=${offset}`;
  const alarms = useResource(path, (signal) => call<Page<AlarmView>>(path, { signal }), { room: 'alarms' });
  return (
    <>
      <PageHead title={t('alarms.history')} trail={[{ name: t('alarms.title'), path: '/alarms' }]} />
      <Loaded of={alarms}>
        {({ items, total }) =>
          total === 0 ? (
            <Empty>{t('alarms.noHistory')}</Empty>
          ) : (
            <>
              <AlarmTable alarms={items} />
              <Pager offset={offset} limit={LIMIT} total={total} onGo={setOffset} />
            </>
          )
        }
      </Loaded>
    </>
  );
}
