import { expect, test, vi } from 'vitest';
import { aDatabase } from '../../support/database.ts';
import { gatewayMigrations } from '../../support/models.ts';
import { aPlantAtWork, expectAllStored } from '../../support/plant-at-work.ts';
import { aBroker, aNode, double } from '../../support/sparkplug.ts';

const soon = { timeout: 20_000, interval: 50 };
const HOUR_MS = 3_600_000;

test(
  'what a node says is of the past is in the ledger like all else, and does not make its readings old',
  { timeout: 60_000 },
  async () => {
    await using db = await aDatabase({ migrations: gatewayMigrations });
    const { port, states } = await aBroker();
    const client = { url: `mqtt://127.0.0.1:${port}`, clientId: 'gateway' };
    await using plant = await aPlantAtWork(db, {
      site: { name: 'Works' },
      areas: [{ name: 'Hall' }],
      sources: [{ name: 'node', protocol: 'mqtt', config: { client, sparkplug: { host: 'scada' } } }],
      tags: [
        {
          ...{ name: 'Flow', area: 'Hall', source: 'node', spike: false },
          address: { sparkplug: 'plant/edge', metric: 'flow' },
        },
      ],
    });
    await vi.waitFor(() => expect(states()).toHaveLength(1), soon);
    const node = await aNode({ port });
    await node.birth(double('flow', 1, { alias: 1 }));
    const before = Date.now() - HOUR_MS;
    for (let i = 0; i < 5; i++)
      await node.data(
        { alias: 1, timestamp: before + i, isHistorical: true, doubleValue: 6 },
        { alias: 1, timestamp: Date.now(), doubleValue: 7 },
      );
    await vi.waitFor(async () => {
      const [row] = await db.query<{ old: number }>(
        'select count(*)::int as old from readings where value = 6',
      );
      expect(row?.old).toBe(5);
    }, soon);
    await vi.waitFor(() => expectAllStored(plant.ledgers(), db), soon);
    expect(plant.ledgers()[0]?.stalenessP99Ms).toBeLessThan(HOUR_MS / 2);
  },
);
