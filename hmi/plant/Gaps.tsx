import { useState } from 'preact/hooks';
import type { LossView } from '../../gateway/api/sources.ts';
import type { Page } from '../../platform/api/page.ts';
import { call } from '../api.ts';
import { Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { dateTime } from '../format.ts';
import { type Key, t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { lanesOf } from './lanes.ts';
import { lossColumns } from './loss-columns.tsx';

const REFRESH_MS = 30_000;
const HOUR_MS = 3_600_000;
const MOST = 500;
const spans: readonly { hours: number; word: Key }[] = [
  { hours: 24, word: 'storage.lastDay' },
  { hours: 7 * 24, word: 'storage.lastWeek' },
  { hours: 30 * 24, word: 'storage.lastMonth' },
];

interface Seen {
  readonly from: number;
  readonly to: number;
  readonly losses: Page<LossView>;
}

/** What is known to be missing, as a picture over time and as a table. */
export function Gaps() {
  const [hours, setHours] = useState(24);
  const seen = useResource<Seen>(
    `gaps ${hours}`,
    async (signal) => {
      const to = Date.now();
      const from = to - hours * HOUR_MS;
      const range = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
      return {
        ...{ from, to },
        losses: await call<Page<LossView>>(`/api/v1/losses?limit=${MOST}&${range}`, { signal }),
      };
    },
    { everyMs: REFRESH_MS },
  );
  return (
    <section class="panel wide">
      <h2>{t('losses.title')}</h2>
      <div class="areas" role="group" aria-label={t('storage.range')}>
        {spans.map((span) => (
          <button
            key={span.hours}
            type="button"
            aria-pressed={span.hours === hours}
            onClick={() => setHours(span.hours)}
          >
            {t(span.word)}
          </button>
        ))}
      </div>
      <Loaded of={seen}>
        {({ losses, ...range }) =>
          losses.total === 0 ? (
            <p class="note">{t('losses.none')}</p>
          ) : (
            <>
              <Timeline losses={losses.items} {...range} />
              {losses.total > losses.items.length ? (
                <p class="note">{t('storage.newest', { count: losses.items.length, all: losses.total })}</p>
              ) : null}
              <Table
                caption={t('losses.title')}
                columns={columns()}
                rows={losses.items}
                id={({ source, from, tag, cause }) => `${source ?? ''} ${from} ${tag ?? ''} ${cause}`}
              />
            </>
          )
        }
      </Loaded>
    </section>
  );
}

const percentOf = (part: number): string => `${(part * 100).toFixed(2)}%`;

/** A lane for each source, a bar for each gap. The table beside it says the same in words. */
function Timeline({ losses, from, to }: { losses: readonly LossView[]; from: number; to: number }) {
  return (
    <div class="gap-lanes" aria-hidden="true">
      {lanesOf(losses, from, to).map(({ source, bars }) => (
        <div key={source ?? ''} class="gap-lane">
          <span>{source ?? t('storage.allSources')}</span>
          <span class="gap-track">
            {bars.map(({ left, width }) => (
              <span key={left} class="gap-bar" style={{ left: percentOf(left), width: percentOf(width) }} />
            ))}
          </span>
        </div>
      ))}
      <div class="gap-lane">
        <span />
        <span class="gap-ends">
          <small>{dateTime(from)}</small>
          <small>{dateTime(to)}</small>
        </span>
      </div>
    </div>
  );
}

const columns = (): Column<LossView>[] => [
  { key: 'source', head: t('storage.source'), cell: ({ source }) => source ?? t('storage.allSources') },
  ...lossColumns(),
];
