import './quiet.ts';
import type { Collector, Emit, Protocol, Report } from '../collector.ts';
import type { AlarmWatch } from './alarms/watch.ts';
import { browse } from './browse.ts';
import { collect } from './collect.ts';
import type { Left, Site } from './collect.ts';
import { OpcuaAddress, OpcuaConfig } from './config.ts';
import { readHistory } from './history.ts';
import { invoke } from './invoke.ts';
import { find, forget, keep, keyOf } from './left.ts';
import type { Limits } from './limits.ts';
import { readersOf } from './readers.ts';
import type { OpcuaPlan } from './readers.ts';
import { better, connectBest } from './redundancy.ts';
import type { Session } from './session.ts';
import { test } from './test.ts';
import { write } from './write.ts';

/** What is connected now, for what is asked of a source while it runs. */
export interface Live {
  readonly session: Session;
  readonly limits: Limits;
  /** Nodes without history at this server. */
  readonly withoutHistory: Set<string>;
  readonly alarms: AlarmWatch | undefined;
}

export const opcua: Protocol<OpcuaConfig, OpcuaAddress> = {
  name: 'opcua',
  config: OpcuaConfig,
  address: OpcuaAddress,
  open(plan, report) {
    const site = siteOf(plan, report);
    let live: Live | undefined;
    const link = (): Live => {
      if (live !== undefined) return live;
      throw new Error(`The source is not connected to ${plan.config.endpoint}.`);
    };
    const driver: Collector = {
      async run(emit, signal) {
        while (!signal.aborted) await runOnce(site, emit, signal, (now) => (live = now));
      },
      test: (signal) => test(plan, signal),
      browse: async (request, signal) => browse(link(), request, signal),
      write: async (orders, signal) => write(link(), plan.points, orders, signal),
      invoke: async (call, signal) => invoke(link().session, call, signal),
    };
    if (plan.config.alarms !== undefined)
      driver.acknowledge = async (order, signal) => {
        const { alarms } = link();
        if (alarms === undefined) throw new Error('The alarms of the server are not followed yet.');
        return await alarms.acknowledge(order, signal);
      };
    if (!plan.config.history) return driver;
    return {
      ...driver,
      async readHistory(gap, emit, signal) {
        const { session, limits, withoutHistory } = link();
        return await readHistory({ ...site, session, limits, without: withoutHistory }, gap, emit, signal);
      },
    };
  },
};

const siteOf = (plan: OpcuaPlan, report: Report): Site => ({
  ...{ plan, report, readers: readersOf(plan) },
  watches: plan.points.map((point, handle) => ({ point, handle, without: new Set() })),
});

/** One server of the set, until `signal` aborts, another becomes better, or the link is lost. */
async function runOnce(
  site: Site,
  emit: Emit,
  signal: AbortSignal,
  online: (live: Live | undefined) => void,
): Promise<void> {
  const { config, pkiFolder } = site.plan;
  const key = keyOf(site.plan);
  const left = find(key);
  const chosen = await connectBest(config, pkiFolder, signal, left);
  forget(key); // only now: it is for the attempt that finds the server
  await using link = chosen.link;
  const { endpoint } = chosen;
  tell(site.report, endpoint, link.notices);
  const over = new AbortController();
  const leave = (what: Omit<Left, 'endpoint'>): void => {
    if (signal.aborted) return; // nobody will come back for it
    link.leave();
    keep(key, { ...what, endpoint });
  };
  const switching = better(config, pkiFolder, chosen, AbortSignal.any([signal, over.signal])).then((why) => {
    site.report.log.warn({ endpoint }, `Goes over to another server: ${why}.`);
    over.abort();
  });
  switching.catch(() => undefined); // a link that is lost is told by the collection
  try {
    await collect(site, link, left?.endpoint === endpoint ? left : undefined, {
      emit,
      online: (limits, alarms) =>
        online({ session: link.session, limits, alarms, withoutHistory: new Set() }),
      leave,
      signal: AbortSignal.any([signal, over.signal]),
    });
  } finally {
    online(undefined);
    over.abort();
  }
}

/** What has been said already: a link that comes and goes says it once. */
const said = new Set<string>();
function tell({ log }: Report, endpoint: string, notices: readonly string[]): void {
  for (const notice of notices) {
    if (said.has(`${endpoint} ${notice}`)) continue;
    said.add(`${endpoint} ${notice}`);
    log.warn({ endpoint }, notice);
  }
}
