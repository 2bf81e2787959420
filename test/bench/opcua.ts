import { join } from 'node:path';
import { aDatabaseAddress } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import type { Bench, BenchOptions } from './bench.ts';
import { costOf, mean, microsecondsEach, shown } from './opcua-cost.ts';
import type { Cost } from './opcua-cost.ts';
import { build, client, gateway, server } from './opcua-roles.ts';

const TAGS = 20_000;
const ROUNDS = 2;

export const opcuaBench: Bench = {
  name: 'opcua',
  summary:
    'a reading a second of each OPC UA tag: a source, and the gateway to commit, against a bare client (Linux)',
  async run(options) {
    const { seconds, tags = TAGS, say } = options;
    say('compiling');
    await build();
    await using folder = await aFolder();
    // Turn about, so that all meet the same load of the machine.
    const ms = (seconds * 1000) / (2 * ROUNDS + 1);
    const costs: Record<'bare' | 'collect', Cost[]> = { bare: [], collect: [] };
    for (let round = 1; round <= ROUNDS; round++) {
      for (const name of ['bare', 'collect'] as const) {
        await using device = await server();
        await using one = client(name, [String(tags), device.endpoint, folder.path]);
        const cost = await costOf(one, tags, ms);
        costs[name].push(cost);
        say(`round ${round}, ${name}: ${JSON.stringify(shown(cost))}`);
      }
    }
    const whole = await measureGateway(options, tags, ms, join(folder.path, 'site'));
    const [bare, collect] = [mean(costs.bare), mean(costs.collect)];
    const perCpuSecond = (cost: Cost) => Math.round(1e6 / microsecondsEach(cost));
    return {
      name: 'opcua',
      unit: 'readings collected per second of processor time',
      value: perCpuSecond(collect),
      reference: { name: 'bare node-opcua client', value: perCpuSecond(bare) },
      ratio: Number((microsecondsEach(bare) / microsecondsEach(collect)).toFixed(3)),
      conditions: {
        ...{ tags, hertz: 1, security: 'None' },
        ...{ bare: shown(bare), collect: shown(collect), gateway: whole },
      },
    };
  },
};

/** All of it, to commit. The memory of an embedded database is in it; a server's is not. */
async function measureGateway(
  { database, say }: BenchOptions,
  tags: number,
  ms: number,
  folder: string,
): Promise<Record<string, unknown>> {
  await using address = database === 'embedded' ? null : await aDatabaseAddress(database);
  await using device = await server();
  const url = address?.url ?? 'embedded';
  await using one = await gateway({ tags, endpoint: device.endpoint, database: url, folder });
  const cost = await costOf(one, tags, ms);
  const { balanced, lost, stalenessP99Ms, stalls } = await one.figures();
  const engine = address === null ? 'embedded' : 'server';
  const found = { ...shown(cost), database: engine, balanced, lost, stalenessP99Ms, stalls };
  say(`gateway: ${JSON.stringify(found)}`);
  return found;
}
