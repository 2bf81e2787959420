import type { LedgerView } from '../../gateway/api/sources.ts';
import type { StorageView } from '../../gateway/api/storage.ts';
import { all, call } from '../api.ts';
import { Condition, type Kind } from '../components/Condition.tsx';
import { type Pairs, Panel } from '../components/Facts.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Loaded } from '../components/States.tsx';
import { bytes, dateTime, decimal, integer, percent } from '../format.ts';
import { type Key, t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { Gaps } from './Gaps.tsx';
import { Ledger, Retention, Tables } from './StorageTables.tsx';

const REFRESH_MS = 10_000;

/** How much is kept, for how long, what still waits, and what is known to be missing. */
export function Storage() {
  const known = useResource(
    'storage',
    async (signal) => {
      const [storage, ledger] = await Promise.all([
        call<StorageView>('/api/v1/storage', { signal }),
        all<LedgerView>('/api/v1/ledger', signal),
      ]);
      return { storage, ledger };
    },
    { everyMs: REFRESH_MS },
  );
  return (
    <>
      <PageHead title={t('storage.title')} />
      <Loaded of={known}>
        {({ storage, ledger }) => (
          <>
            <div class="panels">
              <Panel title={t('system.database')} facts={databaseFacts(storage)} />
              <Spool spool={storage.spool} />
              <Disk disk={storage.disk} />
              {storage.outbox === null ? null : (
                <Panel title={t('system.centre')} facts={outboxFacts(storage.outbox)} />
              )}
            </div>
            <Retention retention={storage.retention} />
            <Tables tables={storage.database?.tables ?? []} />
            <Ledger ledger={ledger} />
          </>
        )}
      </Loaded>
      <Gaps />
    </>
  );
}

function databaseFacts({ database, readingsPerSecond }: StorageView): Pairs {
  const rate = [t('system.rate'), t('sources.perSecond', { rate: decimal(readingsPerSecond, 1) })] as const;
  if (database === null) return [[t('system.database'), t('storage.away')], rate];
  const { compression, freeBytes, daysLeft, growthPerDay } = database;
  const ratio =
    compression === null || compression.after === 0 ? null : compression.before / compression.after;
  return [
    [t('system.size'), bytes(database.bytes)],
    rate,
    [t('storage.growth'), bytes(growthPerDay)],
    [t('storage.free'), freeBytes === null ? t('storage.unknown') : bytes(freeBytes)],
    [t('storage.daysLeft'), daysLeft === null ? t('storage.notByGrowth') : integer(daysLeft)],
    [t('storage.compression'), ratio === null ? t('value.none') : `${decimal(ratio, 1)} : 1`],
  ];
}

const levels: Record<StorageView['spool']['level'], { kind: Kind; word: Key }> = {
  roomy: { kind: 'calm', word: 'storage.spool.roomy' },
  filling: { kind: 'attention', word: 'storage.spool.filling' },
  'nearly full': { kind: 'attention', word: 'storage.spool.nearlyFull' },
  full: { kind: 'fault', word: 'storage.spool.full' },
};

function Spool({ spool }: { spool: StorageView['spool'] }) {
  const { kind, word } = levels[spool.level];
  const facts: Pairs = [
    [t('storage.waiting'), integer(spool.batches)],
    [t('system.size'), t('storage.of', { part: bytes(spool.bytes), whole: bytes(spool.maxBytes) })],
    [t('storage.used'), percent(spool.fill)],
  ];
  return (
    <Panel title={t('storage.spool')} facts={facts}>
      <p>
        <Condition kind={spool.batches === 0 ? 'calm' : kind}>
          {spool.batches === 0 ? t('storage.spool.empty') : t(word)}
        </Condition>
      </p>
    </Panel>
  );
}

const disks: Record<NonNullable<StorageView['disk']>['state'], { kind: Kind; word: Key }> = {
  roomy: { kind: 'calm', word: 'storage.disk.roomy' },
  low: { kind: 'attention', word: 'storage.disk.low' },
  full: { kind: 'fault', word: 'storage.disk.full' },
};

function Disk({ disk }: { disk: StorageView['disk'] }) {
  if (disk === null)
    return <Panel title={t('storage.disk')} facts={[[t('storage.free'), t('storage.unknown')]]} />;
  const { kind, word } = disks[disk.state];
  const { freeBytes, totalBytes, ballastBytes } = disk;
  const facts: Pairs = [
    [t('storage.free'), t('storage.of', { part: bytes(freeBytes), whole: bytes(totalBytes) })],
    [t('storage.ballast'), ballastBytes === 0 ? t('value.none') : bytes(ballastBytes)],
  ];
  return (
    <Panel title={t('storage.disk')} facts={facts}>
      <p>
        <Condition kind={kind}>{t(word)}</Condition>
      </p>
    </Panel>
  );
}

const outboxFacts = ({ segments, emptied, oldest, ...outbox }: NonNullable<StorageView['outbox']>): Pairs => [
  [t('system.waiting'), integer(segments)],
  [t('system.size'), t('storage.of', { part: bytes(outbox.bytes), whole: bytes(outbox.maxBytes) })],
  [t('storage.oldest'), oldest === null ? t('value.none') : dateTime(oldest)],
  ...(emptied === 0 ? [] : [[t('storage.emptied'), integer(emptied)] as const]),
];
