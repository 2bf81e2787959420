import { DataType, MethodIds, resolveNodeId, StatusCodes, Variant } from 'node-opcua-client';
import type { StatusCode } from 'node-opcua-client';
import type { AcknowledgeOrder, AcknowledgeOutcome } from '../../collector.ts';
import type { OpcuaConfig } from '../config.ts';
import { isServiceFault } from '../items.ts';
import type { Session } from '../session.ts';
import { inWords } from '../status.ts';
import { until } from '../until.ts';
import type { Handle } from './condition.ts';

const ACKNOWLEDGE = resolveNodeId(MethodIds.AcknowledgeableConditionType_Acknowledge);

export interface Answer {
  readonly outcome: AcknowledgeOutcome;
  /** The server knows better than we how the alarm is. */
  readonly stale: boolean;
}

/**
 * The method Acknowledge (OPC 10000-9, 5.7.3), called by its id in the type: the condition need not be in the address
 * space. The server knows the gateway's user alone, so that the comment says who it was.
 */
export async function acknowledge(
  session: Session,
  { conditionId, eventId }: Handle,
  { by, comment }: AcknowledgeOrder,
  { config, signal }: { readonly config: OpcuaConfig; readonly signal: AbortSignal },
): Promise<Answer> {
  if (conditionId === null) return refusal(NO_METHOD);
  const text = comment === null ? by : `${by}: ${comment}`;
  const call = session.call({
    objectId: conditionId,
    methodId: ACKNOWLEDGE,
    inputArguments: [
      new Variant({ dataType: DataType.ByteString, value: eventId }),
      new Variant({ dataType: DataType.LocalizedText, value: { text } }),
    ],
  });
  const said = await until(signal, call).catch(statusOfFault);
  if ('doubt' in said) return { outcome: { state: 'unknown', why: said.doubt }, stale: true };
  const { statusCode } = said;
  if (statusCode.isGood()) return { outcome: { state: 'accepted' }, stale: false };
  return refusal(why(statusCode, config), STALE.test(statusCode.name));
}

const refusal = (why: string, stale = false): Answer => ({ outcome: { state: 'refused', why }, stale });

/** A server may refuse the call as a whole instead of the method in it; otherwise it may have arrived. */
function statusOfFault(err: unknown): { statusCode: StatusCode } | { doubt: string } {
  if (!isServiceFault(err)) return { doubt: err instanceof Error ? err.message : String(err) };
  const name = /Bad[A-Za-z]+/.exec(err.message)?.[0] ?? '';
  return { statusCode: (StatusCodes as unknown as Record<string, StatusCode>)[name] ?? StatusCodes.Bad };
}

const NO_METHOD = 'The server cannot acknowledge this alarm for others. Acknowledge it at the device itself.';
const STALE = /BadConditionBranchAlreadyAcked|BadEventIdUnknown|BadNodeId|BadConditionDisabled/;

function why(status: StatusCode, { user, userCertificate }: OpcuaConfig): string {
  if (status.name.includes('AlreadyAcked'))
    return 'Somebody at the server was quicker: it has been acknowledged there. Look at the list again.';
  if (/EventIdUnknown|NodeIdUnknown|NodeIdInvalid/.test(status.name))
    return 'The alarm has changed at the server, or is over there. Look at the list again in a moment.';
  if (status.name.includes('Disabled'))
    return 'The alarm is disabled at the server. Have it enabled there, or leave it.';
  if (/UserAccessDenied|NotExecutable|SecurityModeInsufficient/.test(status.name)) {
    const name = user ?? (userCertificate === undefined ? 'anonymous' : 'the one of the certificate');
    return `The server does not let the user of this source (${name}) acknowledge (${status.name}). Give that user the right at the server, or name another one in the settings of the source.`;
  }
  if (/MethodInvalid|NotSupported|NotImplemented|ServiceUnsupported/.test(status.name)) return NO_METHOD;
  return `The server refuses: ${inWords(status)}. Acknowledge it at the device itself, and look at its log.`;
}
