import type { EventFieldList } from 'node-opcua-client';
import timers from 'node:timers/promises';
import type { AcknowledgeOrder, AcknowledgeOutcome, Condition, Report } from '../../collector.ts';
import { stableId } from '../describe.ts';
import { resolve } from '../nodes.ts';
import type { OpcuaPlan } from '../readers.ts';
import type { Session } from '../session.ts';
import type { Subscription } from '../subscription.ts';
import { acknowledge } from './acknowledge.ts';
import { bell } from './bell.ts';
import { complaints } from './complaints.ts';
import { heard } from './condition.ts';
import type { Ear, Handle } from './condition.ts';
import type { AlarmsConfig } from './config.ts';
import { courier } from './courier.ts';
import type { Courier } from './courier.ts';
import { listenTo } from './notifiers.ts';
import type { RefusedNotifier } from './notifiers.ts';
import { refreshing } from './refresh.ts';
import type { Refresh } from './refresh.ts';

/** Heals what no rule foresees: servers exist that lose events without a word. */
const ANYWAY_MS = 10 * 60_000;
/** What is beyond that is made good by a refresh. */
const MOST_EARLY = 10_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** What of the alarms is set up at the server: a link that is resumed goes on with it. */
export interface Listening {
  readonly subscription: Subscription;
  readonly notifiers: Set<string>;
}

/** The alarms of one server, over one link. */
export interface AlarmWatch {
  readonly events: (events: readonly EventFieldList[]) => void;
  /** Messages came late or not at all. */
  readonly disordered: () => void;
  /** Has the server tell its alarms, and keeps what is known of them right, until `signal` aborts. */
  run(listening: Listening, signal: AbortSignal): Promise<void>;
  acknowledge(order: AcknowledgeOrder, signal: AbortSignal): Promise<AcknowledgeOutcome>;
}

export function watchAlarms(
  session: Session,
  plan: OpcuaPlan,
  alarms: AlarmsConfig,
  report: Report,
): AlarmWatch {
  const again = bell();
  const refresh = refreshing();
  const spoilt = () => {
    refresh.spoil();
    again.ring();
  };
  const { send } = courier((news) => report.conditions(news));
  const listener = listening(refresh, send, spoilt);
  return {
    events: listener.events,
    disordered: spoilt,
    async run(at, signal) {
      const namespaces = await session.readNamespaceArray();
      listener.open({ alarms, namespaces, tagOf: tagsOf(plan, namespaces) });
      const ask = async (isWhole: boolean) => {
        const told = await refresh.ask(session, at.subscription.id, signal);
        send({ conditions: told.conditions, all: told.all && isWhole });
        if (!told.all && told.why === undefined) again.ring();
        return told.why;
      };
      const said = complaints(report);
      for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
        const refused = await listenMore(session, at, alarms.notifiers, namespaces);
        for (const { notifier, why } of refused) said.refused(notifier, why);
        const isWhole = refused.length === 0;
        const why = at.notifiers.size > 0 ? await ask(isWhole) : undefined;
        if (why !== undefined) said.noRefresh(why);
        // Who rings all the time is answered less and less often.
        await timers.setTimeout(wait, undefined, { signal });
        const asleep = performance.now();
        if (isWhole) await again.wait(ANYWAY_MS, signal);
        if (performance.now() - asleep > LONGEST_WAIT_MS) wait = FIRST_WAIT_MS / 2;
      }
    },
    async acknowledge(order, signal) {
      const handle = listener.handleOf(order.key);
      if (handle === undefined) return { state: 'refused', why: UNKNOWN };
      const { outcome, stale } = await acknowledge(session, handle, order, { config: plan.config, signal });
      if (stale) again.ring();
      return outcome;
    },
  };
}

/** Hears events, and remembers how each open condition is spoken of. */
function listening(refresh: Refresh, send: Courier['send'], spoilt: () => void) {
  const known = new Map<string, Handle>();
  let ear: Ear | undefined;
  /** What a resumed subscription tells before anything could be asked for. */
  let early: EventFieldList[] = [];
  const hear = (condition: Condition, handle: Handle) => {
    if (condition.state === 'normal') known.delete(condition.key);
    else known.set(condition.key, handle);
    if (!refresh.take(condition) && !send({ conditions: [condition], all: false })) spoilt();
  };
  const take = ({ eventFields }: EventFieldList, listener: Ear) => {
    const event = heard(eventFields ?? [], listener, Date.now());
    if (event === undefined) return;
    if (event.type === 'condition') hear(event.condition, event.handle);
    else if (event.type === 'refresh started') refresh.started();
    else if (event.type === 'refresh ended') refresh.ended();
    else spoilt();
  };
  return {
    open(next: Ear) {
      ear = next;
      for (const event of early) take(event, next);
      early = [];
    },
    events: (events: readonly EventFieldList[]) => {
      if (ear !== undefined) for (const event of events) take(event, ear);
      else if (early.length < MOST_EARLY) early = [...early, ...events];
    },
    handleOf: (key: string) => known.get(key),
  };
}

/** Listens to those that are not yet listened to, and returns what the server refuses. */
async function listenMore(
  session: Session,
  { subscription, notifiers }: Listening,
  wanted: readonly string[],
  namespaces: readonly string[],
): Promise<RefusedNotifier[]> {
  const missing = wanted.filter((one) => !notifiers.has(one));
  const refused = await listenTo(session, subscription.id, missing, namespaces);
  const deaf = new Set(refused.map(({ notifier }) => notifier));
  for (const one of missing) if (!deaf.has(one)) notifiers.add(one);
  subscription.items += missing.length - refused.length;
  return refused;
}

const UNKNOWN =
  'The server has not told of this alarm since the connection was made. Try again in a moment; if it stays so, acknowledge at the device itself.';

/** The tags by the nodes that they collect. */
function tagsOf({ points }: OpcuaPlan, namespaces: readonly string[]): Ear['tagOf'] {
  const tags = new Map(
    points.flatMap(({ tag, address }) => {
      const node = resolve(address.node, namespaces);
      return node === undefined ? [] : [[stableId(node, namespaces), tag] as const];
    }),
  );
  return (node) => tags.get(node);
}
