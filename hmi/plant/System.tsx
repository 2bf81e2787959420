import type { SystemView } from '../../gateway/api/system.ts';
import { call } from '../api.ts';
import { now } from '../clock.ts';
import { Health } from '../components/Health.tsx';
import { type Pairs, Panel } from '../components/Facts.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Loaded } from '../components/States.tsx';
import { bytes, dateTime, decimal, duration, integer } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';

const REFRESH_MS = 5000;

/** Level 4: how the gateway itself is doing. */
export function System() {
  const system = useResource('system', (signal) => call<SystemView>('/api/v1/system', { signal }), {
    everyMs: REFRESH_MS,
  });
  return (
    <>
      <PageHead title={t('system.title')} />
      <div class="panels">
        <Health />
        <Loaded of={system}>
          {(view) => (
            <>
              <Panel title={t('system.store')} facts={storeFacts(view)} />
              <Panel title={t('system.centre')} facts={centreFacts(view)} />
              <Panel title={t('system.process')} facts={processFacts(view)} />
            </>
          )}
        </Loaded>
      </div>
    </>
  );
}

const storeFacts = ({ database, store }: SystemView): Pairs => [
  [t('system.database'), `${database.engine} ${database.server}`],
  ['TimescaleDB', database.timescaledb ?? t('value.none')],
  [t('system.size'), bytes(database.bytes)],
  [t('system.readings'), integer(store.readings)],
  [t('system.rate'), t('sources.perSecond', { rate: decimal(store.readingsPerSecond, 1) })],
  [t('system.spool'), `${integer(store.spooledBatches)} (${bytes(store.spooledBytes)})`],
  [t('system.gaps'), integer(store.gaps)],
];

const centreFacts = ({ centre }: SystemView): Pairs => [
  [t('system.centreState'), t(`centre.${centre.state}`)],
  [t('system.address'), centre.url ?? t('value.none')],
  [t('system.waiting'), integer(centre.waiting)],
  [
    t('system.acknowledged'),
    centre.lastAcknowledged === null ? t('value.never') : dateTime(centre.lastAcknowledged),
  ],
  ...(centre.lastError === null ? [] : [[t('system.lastError'), centre.lastError] as const]),
];

const processFacts = (view: SystemView): Pairs => [
  [t('system.version'), view.version],
  ['Node.js', view.node],
  [t('system.transport'), view.transport],
  [t('system.running'), duration(now.value - Date.parse(view.startedAt))],
  [t('system.memory'), bytes(view.memoryBytes)],
  [t('system.delay'), `${decimal(view.eventLoopDelayMs, 1)} ms`],
];
