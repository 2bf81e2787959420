import type { Condition, ConditionNews } from '../../collectors/collector.ts';
import type { DeviceChange, DeviceFacts } from './change.ts';
import type { OpenDeviceAlarm } from './open.ts';

/** The source of a device's alarms, as the plant has it. */
export interface Watched {
  readonly source: number;
  readonly sourceName: string;
  /** Of alarms that are of no tag. */
  readonly area: string;
  readonly areaOf: (tag: DeviceFacts['tag']) => string | undefined;
}

/** Who acknowledges an alarm at its device. */
export interface Act {
  readonly by: string;
  readonly comment: string | null;
}

/** The alarms that devices watch themselves, as occurrences. Their states are the devices' own, and never guessed. */
export interface Conditions {
  /** Takes what a device says of its alarms, which arrived now. */
  take(from: Watched, news: ConditionNews, now: number): DeviceChange[];
  /** The link to a source is lost: from now on its alarms are as they were last known. True: there are some. */
  lost(source: number): boolean;
  /** Ends the alarms of sources that tell of none any more: nothing could ever clear them. */
  keep(isWatched: (source: number) => boolean, now: number): DeviceChange[];
  /** Whether the device has confirmed the occurrence since its link was made. Others are not asked about. */
  isCertain(id: string): boolean;
  /** An open occurrence of a device. */
  find(id: string): OpenDeviceAlarm | undefined;
  /** Remembers who acknowledges: the device will tell of it in the gateway's name. Returns how to forget that. */
  acting(id: string, act: Act): () => void;
}

/** The line of the journal for a step between two states; null: there is none. */
type Steps = Readonly<Record<OpenDeviceAlarm['state'], DeviceChange['event'] | null>>;
const steps: Readonly<Record<OpenDeviceAlarm['state'], Steps>> = {
  normal: { active: 'raised', acknowledged: null, returned: null, normal: null },
  active: { active: null, acknowledged: 'acknowledged', returned: 'cleared', normal: 'cleared' },
  acknowledged: { active: 'raised again', acknowledged: null, returned: 'cleared', normal: 'cleared' },
  returned: { active: 'raised again', acknowledged: 'raised again', returned: null, normal: 'acknowledged' },
};

const AWAY = 'Over when the device was heard again.';
const NOT_WATCHED = 'The alarms of this source are no longer taken over.';

/** `open` are the occurrences that a restart found; `newId` gives each new one its UUID. */
export function createConditions(open: readonly OpenDeviceAlarm[], newId: () => string): Conditions {
  const { step, known, all, pending } = occurrences(open);
  const certain = new Set<string>();
  const hear = (from: Watched, condition: Condition, now: number): DeviceChange[] => {
    const said = factsOf(from, condition);
    const before = known(said) ?? trunkOf(condition, known, said);
    if (before === undefined && condition.state === 'normal') return [];
    const device = before === undefined ? said : factsAfter(before, said, condition.state);
    const first = before ?? { id: newId(), state: 'normal' as const, at: 0, device };
    certain.add(first.id);
    const way = wayTo(first.state, condition.state, pending.has(first.id));
    if (way.length === 0 && saysElse(first.device, device)) way.push(['changed', first.state]);
    return way.map(([event, state]) =>
      step(known(device) ?? first, { ...wordsOf(condition, event), event, state, device }, now),
    );
  };
  const end = (alarm: OpenDeviceAlarm, at: number, comment: string): DeviceChange =>
    step(alarm, { ...ending(alarm), at, comment }, at);
  const ofSource = (source: number) => all().filter(({ device }) => device.source === source);
  const noted = (changes: DeviceChange[]): DeviceChange[] => {
    for (const { id, state } of changes) if (state === 'normal') certain.delete(id);
    return changes;
  };
  return {
    take(from, { conditions, all: isAll }, now) {
      const changes = conditions.flatMap((condition) => hear(from, condition, now));
      if (!isAll) return noted(changes);
      const named = new Set(conditions.map(({ key }) => key));
      const gone = ofSource(from.source).filter(({ device }) => !named.has(device.key));
      return noted([...changes, ...gone.map((alarm) => end(alarm, now, AWAY))]);
    },
    lost(source) {
      const alarms = ofSource(source);
      for (const { id } of alarms) certain.delete(id);
      return alarms.length > 0;
    },
    keep(isWatched, now) {
      const orphans = all().filter(({ device }) => !isWatched(device.source));
      return noted(orphans.map((alarm) => end(alarm, now, NOT_WATCHED)));
    },
    isCertain: (id) => certain.has(id),
    find: (id) => all().find((alarm) => alarm.id === id),
    acting(id, act) {
      pending.set(id, act);
      return () => {
        if (pending.get(id) === act) pending.delete(id);
      };
    },
  };
}

const ending = ({ state, device }: OpenDeviceAlarm) => {
  const event = state === 'returned' ? ('acknowledged' as const) : ('cleared' as const);
  return { event, state: 'normal' as const, device, by: null };
};

/** The open occurrences, and who is acknowledging them now. */
function occurrences(open: readonly OpenDeviceAlarm[]) {
  const byKey = new Map(open.map((alarm) => [keyOf(alarm.device), alarm]));
  const pending = new Map<string, Act>();
  return {
    pending,
    known: (device: DeviceFacts) => byKey.get(keyOf(device)),
    all: () => [...byKey.values()],
    /** One step of an occurrence. Each is later than the one before: not all devices date an acknowledgement anew. */
    step: (before: OpenDeviceAlarm, to: Step, now: number): DeviceChange => {
      const { id } = before;
      const { event, state, device } = to;
      const at = to.at > before.at ? to.at : Math.max(now, before.at + 1);
      const act = event === 'acknowledged' ? pending.get(id) : undefined;
      if (act !== undefined) pending.delete(id);
      byKey.delete(keyOf(before.device));
      if (state === 'normal') byKey.delete(keyOf(device));
      else byKey.set(keyOf(device), { id, state, at, device });
      const { by, comment } = act ?? to;
      return { id, event, state, at, device, isOurs: act !== undefined, by, comment };
    },
  };
}

interface Step extends Pick<DeviceChange, 'event' | 'state' | 'at' | 'by' | 'comment'> {
  readonly device: DeviceFacts;
}
type Line = readonly [DeviceChange['event'], OpenDeviceAlarm['state']];

/** What is heard of at once may have been several steps. */
function wayTo(from: OpenDeviceAlarm['state'], to: OpenDeviceAlarm['state'], isActing: boolean): Line[] {
  if (from === 'normal') return to === 'normal' ? [] : [['raised', 'active'], ...wayTo('active', to, false)];
  if (from === 'active' && to === 'normal' && isActing)
    return [['acknowledged', 'acknowledged'], ...wayTo('acknowledged', to, false)];
  const event = steps[from][to];
  return event === null ? [] : [[event, to]];
}

const keyOf = ({ source, key }: DeviceFacts): string => `${source} ${key}`;

const saysElse = (before: DeviceFacts, after: DeviceFacts): boolean =>
  before.message !== after.message || before.priority !== after.priority || before.key !== after.key;

/**
 * A device may part what waits for acknowledgement from what is now (a branch, OPC 10000-9, 5.5.2): then the occurrence
 * goes on with the part that waits, and what is now begins anew.
 */
function trunkOf(
  { branchOf, state }: Condition,
  known: (device: DeviceFacts) => OpenDeviceAlarm | undefined,
  said: DeviceFacts,
): OpenDeviceAlarm | undefined {
  if (branchOf === null || state === 'normal') return undefined;
  const trunk = known({ ...said, key: branchOf });
  return trunk?.state === 'acknowledged' ? undefined : trunk;
}

/** What is no longer active is as urgent as it was; what is over may not be described any more. */
function factsAfter({ device }: OpenDeviceAlarm, said: DeviceFacts, state: Condition['state']): DeviceFacts {
  const message = said.message === '' ? device.message : said.message;
  if (state === 'normal') return { ...device, message };
  const { severity, priority } = state === 'returned' ? device : said;
  return { ...said, severity, priority };
}

/** Who acted and what they said belongs to an acknowledgement; why an alarm is over, to its end. */
function wordsOf({ at, by, comment, why }: Condition, event: DeviceChange['event']) {
  if (event === 'acknowledged') return { at, by, comment };
  return { at, by: null, comment: event === 'cleared' ? why : null };
}

function factsOf({ source, sourceName, area, areaOf }: Watched, condition: Condition): DeviceFacts {
  const { key, name, of, tag, message, severity, priority } = condition;
  return { source, sourceName, key, name, of, tag, area: areaOf(tag) ?? area, message, severity, priority };
}
