import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import timers from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { aFolder } from '../support/database.ts';
import type { Bench } from './bench.ts';

const TAGS = 20_000;
const ROUNDS = 2;
const MEGABYTE = 1024 ** 2;

interface Cost {
  readonly perSecond: number;
  readonly cpuShare: number;
  readonly rss: number;
}

function role(name: string, ...words: string[]) {
  const entry = fileURLToPath(new URL(`./opcua-${name}-entry.ts`, import.meta.url));
  const child = fork(entry, words, {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return child;
}
async function said<Message>(child: ChildProcess): Promise<Message> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`A process of the benchmark ended with code ${String(code)}.`);
  });
  ended.catch(() => undefined);
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [Message];
  return message;
}
async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** What a client costs over `ms`, alone with the server. */
async function costOf(name: string, words: readonly string[], ms: number): Promise<Cost> {
  const client = role(name, ...words);
  try {
    await said(client);
    await timers.setTimeout(1_000); // the burst of first values is over
    client.send('from here');
    await said(client);
    await timers.setTimeout(ms);
    client.send('to here');
    return await said<Cost>(client);
  } finally {
    await end(client);
  }
}

const mean = (costs: readonly Cost[]): Cost => {
  const of = (field: keyof Cost) => costs.reduce((sum, cost) => sum + cost[field], 0) / costs.length;
  return { perSecond: of('perSecond'), cpuShare: of('cpuShare'), rss: of('rss') };
};
const shown = ({ perSecond, cpuShare, rss }: Cost) => ({
  readingsPerSecond: Math.round(perSecond),
  cpuShare: Number(cpuShare.toFixed(3)),
  rssMegabytes: Math.round(rss / MEGABYTE),
  microsecondsEach: Number(((cpuShare / perSecond) * 1e6).toFixed(2)),
});

export const opcuaBench: Bench = {
  name: 'opcua',
  summary:
    'from an OPC UA server to where the store begins, a reading a second of each tag; against a bare client',
  async run({ seconds, tags = TAGS, say }) {
    await using folder = await aFolder();
    const server = role('server', String(tags), folder.path);
    try {
      const { port } = await said<{ port: number }>(server);
      const words = [String(tags), folder.path, `opc.tcp://127.0.0.1:${port}`];
      const costs: Record<'bare' | 'gateway', Cost[]> = { bare: [], gateway: [] };
      for (let round = 1; round <= ROUNDS; round++) {
        // Turn about, so that both meet the same load of the machine.
        for (const name of ['bare', 'gateway'] as const) {
          const cost = await costOf(name, words, (seconds * 1000) / ROUNDS / 2);
          costs[name].push(cost);
          say(`round ${round}, ${name}: ${JSON.stringify(shown(cost))}`);
        }
      }
      const [gateway, bare] = [mean(costs.gateway), mean(costs.bare)];
      return {
        name: 'opcua',
        unit: 'readings/s',
        value: Math.round(gateway.perSecond),
        reference: { name: 'bare node-opcua client', value: Math.round(bare.perSecond) },
        ratio: Number((gateway.perSecond / bare.perSecond).toFixed(3)),
        conditions: { tags, hertz: 1, security: 'None', gateway: shown(gateway), bare: shown(bare) },
      };
    } finally {
      await end(server);
    }
  },
};
