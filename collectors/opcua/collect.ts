import timers from 'node:timers/promises';
import type { Raw } from '../../history/reading.ts';
import type { Emit, Report } from '../collector.ts';
import { gather } from '../gather.ts';
import type { Gatherer } from '../gather.ts';
import { watchAlarms } from './alarms/watch.ts';
import type { AlarmWatch, Listening } from './alarms/watch.ts';
import type { Reader } from './decode.ts';
import type { Refusal, Watch, Wish } from './items.ts';
import { readLimits } from './limits.ts';
import type { Limits } from './limits.ts';
import { SubscriptionEnded } from './messages.ts';
import { monitor } from './nodes.ts';
import type { Server } from './nodes.ts';
import { publishing } from './publish.ts';
import type { Publishing } from './publish.ts';
import { learnNames } from './readers.ts';
import type { OpcuaPlan } from './readers.ts';
import { receiver } from './receive.ts';
import type { Link, Session } from './session.ts';
import { structures } from './structure.ts';
import { createSubscription, drop, transfer } from './subscription.ts';
import type { Subscription } from './subscription.ts';

/** Notifications that answer one another this closely travel together. */
const WINDOW_MS = 10;
/** A refused node is asked for again after this long, then after twice as long, and so on. */
const ASK_AGAIN_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** A source: what is to be read, and how. */
export interface Site {
  readonly plan: OpcuaPlan;
  readonly report: Report;
  readonly watches: readonly Watch[];
  readonly readers: Reader[];
}
/** What a lost link leaves at the server, for the next one to go on with. */
export interface Left {
  readonly endpoint: string;
  readonly session: Session;
  readonly subscriptions: Subscription[];
  readonly refused: readonly Refusal[];
  readonly listening: Listening | undefined;
  /** Each subscription has been heard. Otherwise the session alone is of use, and they are made anew. */
  readonly sound: boolean;
}

export interface Course {
  readonly emit: Emit;
  /** Told once the server can be asked for other things as well. */
  readonly online: (limits: Limits, alarms: AlarmWatch | undefined) => void;
  /** Told of what is worth resuming when the link is lost. */
  readonly leave: (left: Omit<Left, 'endpoint'>) => void;
  readonly signal: AbortSignal;
}

/** Collects over one link until `signal` aborts. Rejects when the link is lost, or the server falls silent. */
export async function collect(
  site: Site,
  link: Link,
  left: Left | undefined,
  { emit, online, leave, signal }: Course,
): Promise<void> {
  const { report, readers } = site;
  const { session } = link;
  const limits = await readLimits(session).catch((err: unknown) => {
    if (link.isCut()) leave(untouched(session, left));
    throw err;
  });
  const { alarms: wanted } = site.plan.config;
  const alarms = wanted && watchAlarms(session, site.plan, wanted, report);
  online(limits, alarms);
  await learnNames(session, limits, readers, site.watches).catch((err: unknown) => {
    report.log.warn({ err }, 'The names of enumerations cannot be read; their numbers are collected.');
  });
  const over = new AbortController();
  const gatherer = gather(emit, WINDOW_MS);
  const ears = { ...receiver(readers, structures(session), gatherer, report), ...alarms };
  const publish = publishing(session, ears, AbortSignal.any([signal, over.signal]));
  const server = serverOf(site, session, limits, publish);
  let refused: readonly Refusal[] = [];
  let listening: Listening | undefined;
  const work = async () => {
    const resumed = await resume(server, link, left, publish);
    refused = resumed ?? (await begin(site, server, gatherer));
    if (alarms !== undefined) {
      listening = (resumed && left?.listening) ?? { subscription: firstOf(server), notifiers: new Set() };
      void keepRight(alarms, listening, report, over.signal);
    }
    await askAgain(server, refused, over.signal, (still) => (refused = still));
  };
  const working = work();
  try {
    await Promise.race([publish.over, link.lost, gatherer.failed, working.then(() => publish.over)]);
  } catch (err) {
    const sound = server.subscriptions.length > 0 && server.subscriptions.every(({ heard }) => heard);
    if (!(err instanceof SubscriptionEnded) && (sound || link.isCut()))
      leave({ session, subscriptions: server.subscriptions, refused, listening, sound });
    throw err;
  } finally {
    over.abort();
    working.catch(() => undefined);
    await ears.drain();
  }
}

/** A link that was lost before anything was asked of its subscriptions. */
const untouched = (session: Session, left: Left | undefined): Omit<Left, 'endpoint'> => ({
  ...{ session, subscriptions: left?.subscriptions ?? [], refused: left?.refused ?? [] },
  listening: left?.listening,
  sound: left?.session === session && left.sound,
});

const firstOf = ({ subscriptions: [first] }: Server): Subscription => {
  if (first === undefined) throw new Error('The server has no subscription of ours.');
  return first;
};

/** What goes wrong with alarms stops no readings: it is told, and tried again. */
async function keepRight(
  alarms: AlarmWatch,
  listening: Listening,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await alarms.run(listening, signal).catch((err: unknown) => {
      if (!signal.aborted)
        report.log.warn({ err }, 'The alarms of the server cannot be followed; will try again.');
    });
    await timers.setTimeout(LONGEST_WAIT_MS, undefined, { signal }).catch(() => undefined);
  }
}

function serverOf(site: Site, session: Session, limits: Limits, publish: Publishing): Server {
  const { report, readers, plan } = site;
  const subscriptions: Subscription[] = [];
  return {
    ...{ session, limits, subscriptions, config: plan.config, enough: false },
    async subscribe() {
      const subscription = await createSubscription(session, plan.config);
      subscriptions.push(subscription);
      publish.add(subscription);
      return subscription;
    },
    conceded(watch, wish, why) {
      const reader = readers[watch.handle];
      if (wish === 'index' && reader !== undefined) readers[watch.handle] = { ...reader, ranged: false };
      if (wish !== 'index') report.fault('refused address', ...concession(watch, wish, why));
    },
  };
}

const concession = ({ point: { name, address } }: Watch, wish: Wish, why: string) =>
  [
    `${name}: the server refuses the ${wish} of ${address.node} (${why}); the node is collected without it.`,
    wish === 'deadband'
      ? 'Use an absolute deadband (a percent one needs an EURange at the node), or thin in the tag itself.'
      : 'Remove the trigger from the address.',
  ] as const;

/** Goes on with the subscriptions of the last link, if they are still there. */
async function resume(
  server: Server,
  link: Link,
  left: Left | undefined,
  publish: Publishing,
): Promise<readonly Refusal[] | undefined> {
  if (left === undefined) return undefined;
  const same = left.session === link.session;
  if (!left.sound || (!same && !(await transfer(link.session, left.subscriptions)))) {
    await drop(link.session, left.subscriptions);
    return undefined;
  }
  for (const subscription of left.subscriptions) {
    subscription.heard = false;
    server.subscriptions.push(subscription);
    publish.add(subscription);
  }
  return left.refused;
}

async function begin({ watches, report }: Site, server: Server, gatherer: Gatherer): Promise<Refusal[]> {
  const refusals = await monitor(server, watches);
  const [tags, subscriptions] = [watches.length, server.subscriptions.length];
  report.log.info({ tags, refused: refusals.length, subscriptions }, 'Subscribed at the OPC UA server.');
  if (subscriptions === 0) await server.subscribe(); // the link lives on its keep-alives
  void gatherer.add(bad(refusals, report));
  return refusals;
}

/** A node may appear later: servers answer before they have built all of their address space. */
async function askAgain(
  server: Server,
  refusals: readonly Refusal[],
  signal: AbortSignal,
  note: (still: readonly Refusal[]) => void,
): Promise<void> {
  let still = refusals;
  for (let wait = ASK_AGAIN_MS; still.length > 0; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    await timers.setTimeout(wait, undefined, { signal });
    still = await monitor(server, still);
    note(still);
  }
}

/** A refused node reads bad from the start, so that its tag says so instead of staying empty. */
function bad(refusals: readonly Refusal[], report: Report): Raw[] {
  for (const { point, why } of refusals) {
    report.fault(
      'refused address',
      `${point.name}: the server refuses ${point.address.node} (${why}).`,
      why.includes('TooManyMonitoredItems')
        ? 'The server watches no more nodes for us: raise its limit, or collect fewer tags.'
        : "Check the node id against the server's address space, and the user's rights.",
    );
  }
  return refusals.map(({ point }) => ({ tag: point.tag, at: Date.now(), value: null, status: 'bad' }));
}
