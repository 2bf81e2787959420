import { AttributeIds, MethodIds, resolveNodeId } from 'node-opcua-client';
import { NoSession } from '../explain.ts';
import { resolve } from '../nodes.ts';
import type { Session } from '../session.ts';
import type { AlarmsConfig } from './config.ts';

/** EventNotifier of a node that can be listened to (OPC 10000-3, 8.59). */
const SUBSCRIBE_TO_EVENTS = 1;
const REFRESH = resolveNodeId(MethodIds.ConditionType_ConditionRefresh);

/** Whether a server has what its alarms are taken over by. Rejects with `NoSession` where a notifier has no events. */
export async function tryAlarms(
  session: Session,
  { notifiers }: AlarmsConfig,
  endpoint: string,
): Promise<readonly [result: null, detail: string, remedy?: string]> {
  const namespaces = await session.readNamespaceArray();
  const deaf: string[] = [];
  for (const notifier of notifiers) {
    const nodeId = resolve(notifier, namespaces);
    if (nodeId === undefined) {
      deaf.push(`${notifier} (the server has no such namespace)`);
      continue;
    }
    const { statusCode, value } = await session.read({ nodeId, attributeId: AttributeIds.EventNotifier });
    if (statusCode.isBad()) deaf.push(`${notifier} (${statusCode.name})`);
    else if ((Number(value.value) & SUBSCRIBE_TO_EVENTS) === 0) deaf.push(`${notifier} (it is no notifier)`);
  }
  if (deaf.length > 0)
    throw new NoSession(
      endpoint,
      `There are no events at ${deaf.join(', ')}.`,
      'Name nodes in alarms.notifiers that have events at this server and may be read by this user, or take out alarms: it may have none.',
      undefined,
    );
  const { statusCode } = await session.read({ nodeId: REFRESH, attributeId: AttributeIds.Executable });
  if (statusCode.isGood()) return [null, 'It tells events, and has ConditionRefresh.'];
  const lacks = 'It tells events, but has no ConditionRefresh: what is open cannot be asked for.';
  return [null, lacks, 'Alarms are taken over as they change. Have alarms and conditions switched on there.'];
}
