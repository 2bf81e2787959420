import { randomUUID } from 'node:crypto';
import * as timers from 'node:timers/promises';
import type { ConditionNews } from '../collectors/collector.ts';
import type { Logger } from '../platform/log.ts';
import { Problem } from '../platform/web/problem.ts';
import type { AlarmChange } from './alarms/change.ts';
import { createConditions } from './alarms/conditions.ts';
import type { Watched } from './alarms/conditions.ts';
import type { OpenAlarm, OpenDeviceAlarm } from './alarms/open.ts';
import { protocols } from './plant/protocols.ts';
import type { SourceProtocol } from './plant/protocols.ts';
import { Unable } from './runtime/ask.ts';
import type { Abilities } from './runtime/ask.ts';
import { plainConfig } from './sources.ts';
import type { Plant } from './store/plant.ts';

/** Alarms that devices watch themselves: from their word to the store and the screens, and an operator's word back. */
export interface DeviceAlarms {
  /** The way in for one source. Settles when it is safe. */
  readonly take: (source: number, news: ConditionNews) => Promise<void>;
  /** The link to a source is lost. */
  readonly lost: (source: number) => void;
  /** Whether an open alarm of a device is known to be as it is shown. */
  readonly isCertain: (id: string) => boolean;
  /**
   * Has the device acknowledge one of its alarms. Undefined: it is none of a device's; false: it does not wait for that.
   * Throws a `Problem`, or `Unable`, that says what to do.
   */
  readonly acknowledge: (id: string, by: string, comment: string | null) => Promise<boolean | undefined>;
  /** Goes on with another model. Alarms of sources that tell of none any more end. */
  readonly replant: (plant: Plant) => void;
}

export interface DeviceAlarmSteps {
  readonly open: readonly OpenAlarm[];
  readonly save: (readings: readonly [], changes: readonly AlarmChange[]) => Promise<void>;
  readonly publish: (readings: readonly [], changes: readonly AlarmChange[]) => void;
  /** Told when alarms have become more, or less, certain than they were. */
  readonly doubted?: (() => void) | undefined;
  readonly source: (id: number) => Pick<Abilities, 'acknowledge'> | undefined;
  readonly log: Logger;
}

/** The device has accepted; so long is waited for its new state, so that who looks at the list sees it. */
const TOLD_MS = 3_000;

export function deviceAlarms(steps: DeviceAlarmSteps): DeviceAlarms {
  const { save, publish, doubted, log } = steps;
  const open = steps.open.filter((alarm): alarm is OpenDeviceAlarm => 'device' in alarm);
  const conditions = createConditions(open, randomUUID);
  const waiting = new Map<string, () => void>();
  let watched = new Map<number, Watched>();

  const keep = async (changes: readonly AlarmChange[]): Promise<void> => {
    if (changes.length === 0) return;
    await save([], changes);
    publish([], changes);
    for (const change of changes) if ('isOurs' in change && change.isOurs) waiting.get(change.id)?.();
  };
  return {
    async take(source, news) {
      const from = watched.get(source);
      if (from === undefined) return;
      await keep(conditions.take(from, news, Date.now()));
      if (news.all) doubted?.();
    },
    lost(source) {
      if (conditions.lost(source)) doubted?.();
    },
    isCertain: (id) => conditions.isCertain(id),
    async acknowledge(id, by, comment) {
      const alarm = conditions.find(id);
      if (alarm === undefined) return undefined;
      if (alarm.state === 'acknowledged') return false;
      const told = new Promise<void>((resolve) => waiting.set(id, resolve));
      const forget = conditions.acting(id, { by, comment });
      try {
        await sendTo(steps, alarm, { key: alarm.device.key, by, comment });
      } catch (err) {
        forget();
        throw err;
      }
      await Promise.race([told, timers.setTimeout(TOLD_MS, undefined, { ref: false })]);
      waiting.delete(id);
      return true;
    },
    replant(plant) {
      watched = watchedIn(plant);
      for (const { id, enabled } of plant.sources) if (!enabled) conditions.lost(id);
      const gone = conditions.keep((source) => watched.has(source), Date.now());
      keep(gone).catch((err: unknown) => log.error({ err }, 'The end of alarms could not be stored.'));
    },
  };
}

type Order = Parameters<Abilities['acknowledge']>[0];

async function sendTo(
  { source }: DeviceAlarmSteps,
  { device }: OpenDeviceAlarm,
  order: Order,
): Promise<void> {
  const live = source(device.source);
  if (live === undefined)
    throw new Problem({
      status: 409,
      detail: `There is no source '${device.sourceName}' any more. Acknowledge the alarm at its device.`,
    });
  const refused = await live.acknowledge(order).catch((err: unknown) => {
    if (err instanceof Unable) throw err;
    const what = err instanceof Error ? err.message : String(err);
    const detail = `${what} The alarm stays as it is: acknowledge it when the connection is back, or at the device itself.`;
    throw new Problem({ status: 502, detail }, { cause: err });
  });
  if (refused !== null) throw new Problem({ status: 409, detail: refused });
}

/** The sources whose devices' own alarms are taken over. */
function watchedIn({ sources, tags }: Plant): Map<number, Watched> {
  const areas = new Map(tags.map(({ id, area }) => [id, area]));
  const areaOf: Watched['areaOf'] = (tag) => (tag === null ? undefined : areas.get(tag));
  return new Map(
    sources.flatMap((source) => {
      const alarms = protocols[source.protocol as SourceProtocol].alarms?.(plainConfig(source));
      if (alarms === undefined) return [];
      const { id, name } = source;
      return [[id, { source: id, sourceName: name, area: alarms.area ?? '', areaOf }] as const];
    }),
  );
}
