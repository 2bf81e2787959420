import { DataType, MethodIds, ObjectTypeIds, resolveNodeId, Variant } from 'node-opcua-client';
import timers from 'node:timers/promises';
import type { Condition } from '../../collector.ts';
import { isServiceFault } from '../items.ts';
import type { Session } from '../session.ts';
import { until } from '../until.ts';

const CONDITION_TYPE = resolveNodeId(ObjectTypeIds.ConditionType);
const REFRESH = resolveNodeId(MethodIds.ConditionType_ConditionRefresh);
const AGAIN_MS = 500;
/** A server that has not told all by then will not. */
const END_MS = 30_000;

/** Between RefreshStart and RefreshEnd conditions are gathered: together they are all there are. */
export interface Refresh {
  /** Takes what came during a refresh; false: there is none under way. */
  take(condition: Condition): boolean;
  started(): void;
  ended(): void;
  /** Something was missed: what is being told is not all. */
  spoil(): void;
  /**
   * Asks the server to tell all its open conditions (ConditionRefresh, OPC 10000-9, 5.5.7), and settles with them. `why`:
   * it cannot, or did not come to an end.
   */
  ask(session: Session, subscription: number, signal: AbortSignal): Promise<Told>;
}
export interface Told {
  readonly conditions: readonly Condition[];
  readonly all: boolean;
  readonly why?: string;
}

export function refreshing(): Refresh {
  let gathered: Condition[] | undefined;
  let whole = false;
  let end: ((all: boolean) => void) | undefined;

  const taken = (): readonly Condition[] => {
    const conditions = gathered ?? [];
    gathered = undefined;
    end = undefined;
    return conditions;
  };
  return {
    take(condition) {
      gathered?.push(condition);
      return gathered !== undefined;
    },
    started() {
      // One that somebody else has asked for says nothing about us.
      if (end === undefined) return;
      gathered ??= [];
      whole = true;
    },
    ended() {
      if (gathered !== undefined) end?.(whole);
    },
    spoil: () => void (whole = false),
    async ask(session, subscription, signal) {
      const ending = new Promise<boolean>((resolve) => (end = resolve));
      try {
        const why = await call(session, subscription, signal);
        if (why !== undefined) return { conditions: taken(), all: false, why };
        const late = timers.setTimeout(END_MS, null, { signal, ref: false });
        late.catch(() => undefined);
        const all = await until(signal, Promise.race([ending, late]));
        if (all === null) return { conditions: taken(), all: false, why: 'it did not come to an end' };
        return { conditions: taken(), all };
      } finally {
        taken();
      }
    },
  };
}

/** Undefined: the server has begun. */
async function call(
  session: Session,
  subscription: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (;;) {
    const result = await callOnce(session, subscription, signal);
    if (result !== 'BadRefreshInProgress') return result;
    await timers.setTimeout(AGAIN_MS, undefined, { signal });
  }
}

async function callOnce(
  session: Session,
  subscription: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { statusCode } = await until(
      signal,
      session.call({
        objectId: CONDITION_TYPE,
        methodId: REFRESH,
        inputArguments: [new Variant({ dataType: DataType.UInt32, value: subscription })],
      }),
    );
    return statusCode.isGood() ? undefined : statusCode.name;
  } catch (err) {
    if (!isServiceFault(err)) throw err;
    return err.message;
  }
}
