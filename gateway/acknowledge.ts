import * as timers from 'node:timers/promises';
import type { AcknowledgeOutcome } from '../collectors/collector.ts';
import type { Act } from '../platform/access/store/audit.ts';
import type { Logger } from '../platform/log.ts';
import { Problem } from '../platform/web/problem.ts';
import type { Conditions } from './alarms/conditions.ts';
import type { OpenDeviceAlarm } from './alarms/open.ts';
import { onRecord } from './commands/on-record.ts';
import { isDoubtful, Unable } from './runtime/ask.ts';
import type { Abilities } from './runtime/ask.ts';

/** Who acknowledges an alarm. What is done at a device is put on `record`, in that person's name. */
export interface Acknowledgement {
  readonly by: string;
  readonly comment: string | null;
  readonly record: (act: Act) => Promise<unknown>;
}

interface Steps {
  readonly source: (id: number) => Pick<Abilities, 'acknowledge'> | undefined;
  readonly log: Logger;
}

/** The device has accepted; so long is waited for its new state, so that who looks at the list sees it. */
const TOLD_MS = 3_000;

/** Acknowledgements that are on their way to devices, or of which nobody knows whether they arrived. */
export function acknowledging(conditions: Pick<Conditions, 'find' | 'acting'>, { source, log }: Steps) {
  const waiting = new Map<string, () => void>();
  const doubts = new Set<{ readonly at: number; readonly forget: () => void }>();
  return {
    /** See `DeviceAlarms`. */
    async acknowledge(id: string, act: Acknowledgement): Promise<boolean | undefined> {
      const alarm = conditions.find(id);
      if (alarm === undefined) return undefined;
      if (alarm.state === 'acknowledged' || waiting.has(id)) return false;
      const told = new Promise<void>((resolve) => waiting.set(id, resolve));
      const forget = conditions.acting(id, act);
      const at = alarm.device.source;
      try {
        const answer = await acknowledgeAt(source(at), alarm, act, log).catch((err: unknown) => {
          forget();
          throw err;
        });
        if (answer.state === 'accepted') {
          await Promise.race([told, timers.setTimeout(TOLD_MS, undefined, { ref: false })]);
          return true;
        }
        if (answer.state === 'refused') forget();
        else doubts.add({ at, forget });
        throw answer.problem;
      } finally {
        waiting.delete(id);
      }
    },
    /** The device says that an alarm was acknowledged in our name. */
    told: (id: string) => waiting.get(id)?.(),
    /** A device has told how all its alarms are: what it does not show as acknowledged has not arrived. */
    settle(source: number): void {
      for (const doubt of doubts) {
        if (doubt.at !== source) continue;
        doubt.forget();
        doubts.delete(doubt);
      }
    },
  };
}

/** What the device made of it, and what to tell the caller: a `Problem`, or `Unable`. */
type Answer =
  { readonly state: 'accepted' } | { readonly state: 'refused' | 'unknown'; readonly problem: Error };

/**
 * Has a device acknowledge one of its alarms: on record before, and again where it did not accept. What cannot be
 * recorded is not sent: then it rejects.
 */
async function acknowledgeAt(
  live: Pick<Abilities, 'acknowledge'> | undefined,
  { id, device }: OpenDeviceAlarm,
  { by, comment, record }: Acknowledgement,
  log: Logger,
): Promise<Answer> {
  const subject = `${device.sourceName}: ${device.of} ${device.name}`;
  await record({ action: 'send an acknowledgement', subject, new: { alarm: id, comment } });
  const answer =
    live === undefined
      ? gone(device.sourceName)
      : told(await live.acknowledge({ key: device.key, by, comment }).catch(unsent));
  if (answer.state === 'accepted') return answer;
  const said = { subject, new: { alarm: id, comment, why: answer.problem.message } };
  const act: Act =
    answer.state === 'unknown'
      ? { action: 'an acknowledgement may have arrived', ...said }
      : { action: 'an acknowledgement was refused', ...said, result: 'refused' };
  await onRecord(log, act, () => record(act));
  return answer;
}

const gone = (source: string): Answer => ({
  state: 'refused',
  problem: new Problem({
    status: 409,
    detail: `There is no source '${source}' any more. Acknowledge the alarm at its device.`,
  }),
});

function told(said: AcknowledgeOutcome | Answer): Answer {
  if ('problem' in said || said.state === 'accepted') return said;
  const { state, why } = said;
  return state === 'refused'
    ? { state, problem: new Problem({ status: 409, detail: why }) }
    : { state, problem: notKnown(why) };
}

function unsent(err: unknown): Answer {
  const what = err instanceof Error ? err.message : String(err);
  if (isDoubtful(err)) return { state: 'unknown', problem: notKnown(what, err) };
  if (err instanceof Unable) return { state: 'refused', problem: err };
  const detail = `${what} The alarm stays as it is: acknowledge it when the connection is back, or at the device itself.`;
  return { state: 'refused', problem: new Problem({ status: 502, detail }, { cause: err }) };
}

const notKnown = (why: string, cause?: unknown) =>
  new Problem(
    {
      status: 504,
      detail: `It is not known whether the device has taken the acknowledgement. Look at the list again when its source is connected. (${why})`,
    },
    { cause },
  );
