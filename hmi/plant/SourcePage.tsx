import { useRoute } from 'preact-iso';
import type { SourceView } from '../../gateway/api/plant.ts';
import type { LedgerView, LossView } from '../../gateway/api/sources.ts';
import type { Page } from '../../platform/api/page.ts';
import { all, call } from '../api.ts';
import { Command } from '../components/Command.tsx';
import { Condition } from '../components/Condition.tsx';
import { Facts } from '../components/Facts.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { Table } from '../components/Table.tsx';
import { brief, dateTime, decimal, integer } from '../format.ts';
import { t } from '../locale.ts';
import { type Resource, useResource } from '../resource.ts';
import { faultName } from './fault.ts';
import { lossColumns } from './loss-columns.tsx';
import { sourceKinds } from './Sources.tsx';

const REFRESH_MS = 5000;
const LOSSES = 50;

interface Known {
  readonly source: SourceView | undefined;
  readonly ledger: LedgerView | undefined;
  readonly losses: Page<LossView>;
}

/** Level 3 of a connection: how it is, what came, what is known to be missing. */
export function SourcePage() {
  const name = useRoute().params['name'] ?? '';
  const known = useResource<Known>(
    `source ${name}`,
    async (signal) => {
      const isThis = (one: { source: string | null }) => one.source === name;
      const query = `limit=${LOSSES}&offset=0&source=${encodeURIComponent(name)}`;
      const [sources, ledger, losses] = await Promise.all([
        all<SourceView>('/api/v1/sources', signal),
        all<LedgerView>('/api/v1/ledger', signal),
        call<Page<LossView>>(`/api/v1/losses?${query}`, { signal }),
      ]);
      return { source: sources.find((one) => one.name === name), ledger: ledger.find(isThis), losses };
    },
    { room: 'sources', everyMs: REFRESH_MS },
  );
  return (
    <>
      <PageHead title={name} trail={[{ name: t('sources.title'), path: '/sources' }]}>
        <a class="button" href={`/sources/${encodeURIComponent(name)}/browse`}>
          {t('browse.title')}
        </a>
        <a class="button" href={`/sources/${encodeURIComponent(name)}/settings`}>
          {t('source.settings')}
        </a>
      </PageHead>
      <Loaded of={known}>
        {({ source, ledger, losses }) =>
          source === undefined ? (
            <Empty>{t('source.unknown', { name })}</Empty>
          ) : (
            <>
              <div class="panels">
                <Link source={source} known={known} />
                {ledger === undefined ? null : <Ledger ledger={ledger} />}
              </div>
              <Losses losses={losses} />
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Link({ source, known }: { source: SourceView; known: Resource<Known> }) {
  const act = (verb: 'start' | 'stop' | 'restart') => async () => {
    await call(`/api/v1/sources/${encodeURIComponent(source.name)}/${verb}`, { method: 'POST' });
    known.reload();
  };
  const stop = {
    title: t('source.stop'),
    text: t('source.stopQuestion', { name: source.name, tags: source.tags }),
    action: t('source.stop'),
  };
  const faults = Object.entries(source.faults).filter(([, count]) => count > 0);
  return (
    <section class="panel">
      <h2>{t('source.link')}</h2>
      <p>
        <Condition kind={sourceKinds[source.state]}>{t(`source.state.${source.state}`)}</Condition>{' '}
        <small>{t('sources.since', { at: dateTime(source.since) })}</small>
      </p>
      {source.lastError === null ? null : <p class="wrap strong">{source.lastError}</p>}
      <Facts
        of={[
          [t('source.protocol'), source.protocol],
          [t('system.address'), source.endpoint],
          [t('sources.tags'), integer(source.tags)],
          [t('sources.rate'), t('sources.perSecond', { rate: decimal(source.readingsPerSecond, 1) })],
          [t('source.reconnects'), integer(source.reconnects)],
          ...faults.map(([kind, count]) => [faultName(kind), integer(count)] as const),
        ]}
      />
      <div class="choices">
        {source.state === 'disabled' ? (
          <Command role="engineer" run={act('start')}>
            {t('source.start')}
          </Command>
        ) : (
          <>
            <Command role="engineer" run={act('restart')}>
              {t('source.restart')}
            </Command>
            <Command role="engineer" run={act('stop')} confirm={stop}>
              {t('source.stop')}
            </Command>
          </>
        )}
      </div>
    </section>
  );
}

function Ledger({ ledger }: { ledger: LedgerView }) {
  const { stalenessP99Ms } = ledger;
  return (
    <section class="panel">
      <h2>{t('ledger.title')}</h2>
      <p class="note">{t('ledger.note')}</p>
      <Facts
        of={[
          [t('ledger.collected'), integer(ledger.collected)],
          [t('ledger.stored'), integer(ledger.stored)],
          [t('ledger.thinned'), integer(ledger.thinned)],
          [t('ledger.duplicate'), integer(ledger.duplicate)],
          [t('ledger.quarantined'), integer(ledger.quarantined)],
          [t('ledger.spooled'), integer(ledger.spooled)],
          [t('ledger.pending'), integer(ledger.pending)],
          [t('ledger.lost'), integer(ledger.lost)],
          [t('ledger.staleness'), stalenessP99Ms === null ? t('value.none') : brief(stalenessP99Ms)],
        ]}
      />
    </section>
  );
}

function Losses({ losses }: { losses: Page<LossView> }) {
  return (
    <section class="panel wide">
      <h2>{t('losses.title')}</h2>
      {losses.total === 0 ? (
        <p class="note">{t('losses.none')}</p>
      ) : (
        <Table
          caption={t('losses.title')}
          columns={lossColumns()}
          rows={losses.items}
          id={({ from, tag, cause }) => `${from} ${tag ?? ''} ${cause}`}
        />
      )}
    </section>
  );
}
