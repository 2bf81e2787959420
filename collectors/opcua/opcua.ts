import './quiet.ts';
import timers from 'node:timers/promises';
import type { MonitoredItemNotification } from 'node-opcua-client';
import type { Raw } from '../../history/reading.ts';
import type { Plan, Protocol, Report } from '../collector.ts';
import { gather } from '../gather.ts';
import type { Gatherer } from '../gather.ts';
import { keepAliveMs, OpcuaAddress, OpcuaConfig } from './config.ts';
import { decode } from './decode.ts';
import { monitor } from './nodes.ts';
import type { Refusal, Watch } from './nodes.ts';
import { publish } from './publish.ts';
import { connect } from './session.ts';
import type { Session } from './session.ts';

/** Notifications cannot be held back: beyond this many readings that are not yet safe, they are lost and counted. */
const MAX_WAITING = 200_000;
/** Notifications that answer one another this closely travel together. */
const WINDOW_MS = 10;
/** A refused node is asked for again after this long, then after twice as long, and so on. */
const ASK_AGAIN_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
const LEAST_SILENCE_MS = 3_000;
/** A server drops the subscription of a client that has not been heard for this long. */
const LIFETIME_MS = 30_000;

type OpcuaPlan = Plan<OpcuaConfig, OpcuaAddress>;

export const opcua: Protocol<OpcuaConfig, OpcuaAddress> = {
  name: 'opcua',
  config: OpcuaConfig,
  address: OpcuaAddress,
  open: (plan, report) => ({
    async run(emit, signal) {
      const { config, points, pkiFolder } = plan;
      await using link = await connect(config, pkiFolder, signal);
      const { subscriptionId, silenceMs } = await subscribe(link.session, config);
      const ask = (watches: readonly Watch[]) => monitor(link.session, subscriptionId, watches, config);
      const refusals = await ask(points.map((point, handle) => ({ point, handle })));
      report.log.info({ tags: points.length, refused: refusals.length }, 'Subscribed at the OPC UA server.');

      const gatherer = gather(emit, WINDOW_MS);
      void gatherer.add(refused(refusals, report));
      const over = new AbortController();
      const publishing = publish(link.session, silenceMs, receiver(plan, gatherer, report), signal);
      const asking = askAgain(ask, refusals, over.signal);
      try {
        await Promise.race([publishing, link.lost, gatherer.failed, asking.then(() => publishing)]);
      } finally {
        over.abort();
        for (const one of [publishing, asking]) one.catch(() => undefined);
        await gatherer.drain();
      }
    },
  }),
};

/** A node may appear later: servers answer before they have built all of their address space. */
async function askAgain(
  ask: (watches: readonly Watch[]) => Promise<Refusal[]>,
  refusals: readonly Refusal[],
  signal: AbortSignal,
): Promise<void> {
  let missing = refusals;
  for (let wait = ASK_AGAIN_MS; missing.length > 0; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    await timers.setTimeout(wait, undefined, { signal });
    missing = await ask(missing);
  }
}

async function subscribe(session: Session, config: OpcuaConfig) {
  const keepAliveCount = Math.max(1, Math.round(keepAliveMs(config) / config.publishingMs));
  const revised = await session.createSubscription({
    requestedPublishingInterval: config.publishingMs,
    requestedMaxKeepAliveCount: keepAliveCount,
    requestedLifetimeCount: Math.max(3 * keepAliveCount, Math.ceil(LIFETIME_MS / config.publishingMs)),
    maxNotificationsPerPublish: 0,
    publishingEnabled: true,
    priority: 1,
  });
  const quietMs = revised.revisedPublishingInterval * revised.revisedMaxKeepAliveCount;
  return { subscriptionId: revised.subscriptionId, silenceMs: Math.max(LEAST_SILENCE_MS, 3 * quietMs) };
}

/** A refused node reads bad from the start, so that its tag says so instead of staying empty. */
function refused(refusals: readonly Refusal[], report: Report): Raw[] {
  for (const { point, why } of refusals) {
    report.fault(
      'refused address',
      `${point.name}: the server refuses ${point.address.node} (${why}).`,
      "Check the node id against the server's address space, and the user's rights.",
    );
  }
  return refusals.map(({ point }) => ({ tag: point.tag, at: Date.now(), value: null, status: 'bad' }));
}

function receiver({ points }: OpcuaPlan, gatherer: Gatherer, report: Report) {
  return (values: readonly MonitoredItemNotification[]) => {
    gatherer.alive();
    if (gatherer.waiting() + values.length > MAX_WAITING) {
      report.fault(
        'overflow',
        `${values.length} readings arrived while ${gatherer.waiting()} wait to be stored; they are lost.`,
        'Look at the database and its disk: the store does not keep up.',
      );
      return;
    }
    const now = Date.now();
    const readings: Raw[] = [];
    for (const { clientHandle, value } of values) {
      const point = points[clientHandle];
      if (point === undefined) continue;
      const { reading, fault } = decode(point, value, now);
      if (reading !== undefined) readings.push(reading);
      if (fault !== undefined) report.fault(fault.kind, fault.what, fault.remedy);
    }
    if (readings.length > 0) void gatherer.add(readings);
  };
}
