import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { LedgerView } from '../../gateway/api/sources.ts';
import type { Page } from '../../platform/api/page.ts';
import { aBrowser } from './access.ts';
import type { Daemon } from './daemon.ts';

/** Fails unless each reading that came is in one of the ledger's places. */
export function expectBalance(ledger: LedgerView): void {
  const { source, collected, stored, thinned, duplicate, quarantined, spooled, pending } = ledger;
  const found = stored + thinned + duplicate + quarantined + spooled + pending;
  expect({ source, found }).toEqual({ source, found: collected });
}

/** Fails unless all ledgers balance, and nothing is on its way any more. */
export function expectSettled(ledgers: readonly LedgerView[]): void {
  for (const ledger of ledgers) {
    expectBalance(ledger);
    expect(ledger).toMatchObject({ pending: 0, spooled: 0 });
  }
}

const USER = { name: 'Ada', password: 'a long password' };

/** Waits until each reading that came since the start of a gateway is in its store, or accounted for. */
export async function untilBalanced(gateway: Daemon, dataFolder: string): Promise<void> {
  const browser = aBrowser(gateway.url);
  const code = await readFile(join(dataFolder, 'setup-code'), 'utf8').catch(() => undefined);
  const { status } = await (code === undefined
    ? browser.call('POST', '/api/v1/session', USER)
    : browser.call('POST', '/api/v1/setup', { code: code.trim(), ...USER }));
  expect([200, 201]).toContain(status);
  await vi.waitFor(
    async () => {
      const { body } = await browser.call<Page<LedgerView>>('GET', '/api/v1/ledger');
      expect(body.items.map(({ collected }) => collected > 0)).toContain(true);
      expectSettled(body.items);
    },
    { timeout: 30_000, interval: 200 },
  );
}
