import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { LedgerView } from '../../gateway/api/sources.ts';
import { ledgerMetrics } from '../../gateway/metrics.ts';

const ledger: LedgerView = {
  ...{ source: 'press', collected: 21, stored: 1, thinned: 2, duplicate: 3, quarantined: 4, spooled: 5 },
  ...{ pending: 6, lost: 7, stalenessP99Ms: 250 },
};

test('the ledger of each source, and how old its readings are when they arrive, can be scraped', async () => {
  const registry = new Registry();
  ledgerMetrics(registry, () => [ledger, { ...ledger, source: 'quiet', stalenessP99Ms: null }]);
  const text = await registry.metrics();
  const { source, ...rest } = ledger;
  const { stalenessP99Ms, ...places } = rest;
  for (const [place, count] of Object.entries(places))
    expect(text).toContain(`penstock_ledger_readings{source="${source}",place="${place}"} ${count}\n`);
  const seconds = (stalenessP99Ms ?? NaN) / 1000;
  expect(text).toContain(`penstock_reading_staleness_p99_seconds{source="press"} ${seconds}\n`);
  expect(text).not.toContain('staleness_p99_seconds{source="quiet"}');
});

test('a scrape looks at the ledger once, and tells of that one look alone', async () => {
  const registry = new Registry();
  const looks: LedgerView[][] = [
    [ledger],
    [
      { ...ledger, stored: 2, stalenessP99Ms: 500 },
      { ...ledger, source: 'new' },
    ],
    [],
  ];
  let nth = 0;
  ledgerMetrics(registry, () => looks[nth++] ?? []);
  await registry.metrics();
  const second = await registry.metrics();
  expect(nth).toBe(2);
  expect(second).toContain('penstock_ledger_readings{source="press",place="stored"} 2\n');
  expect(second).toContain('penstock_reading_staleness_p99_seconds{source="press"} 0.5\n');
  expect(second).toContain('penstock_reading_staleness_p99_seconds{source="new"} 0.25\n');
  expect(await registry.metrics()).not.toContain('source=');
});
