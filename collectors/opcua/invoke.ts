import { DataType, findBasicDataType, Variant, VariantArrayType } from 'node-opcua-client';
import type { ArgumentDefinition, CallMethodResult } from 'node-opcua-client';
import type { CallOutcome } from '../collector.ts';
import { cast, Unfit } from './cast.ts';
import { isServiceFault } from './items.ts';
import { resolve } from './nodes.ts';
import { scalarOf } from './scalar.ts';
import type { Session } from './session.ts';
import { inWords } from './status.ts';
import { until } from './until.ts';

export interface MethodCall {
  readonly object: string;
  readonly method: string;
  readonly inputs: readonly unknown[];
}
type Argument = ArgumentDefinition['inputArguments'][number];

/** Calls a method (OPC 10000-4, 5.12) with its inputs in the types it declares (see `Invokable`). */
export async function invoke(session: Session, call: MethodCall, signal: AbortSignal): Promise<CallOutcome> {
  const namespaces = await until(signal, session.readNamespaceArray());
  const [objectId, methodId] = [resolve(call.object, namespaces), resolve(call.method, namespaces)];
  if (objectId === undefined || methodId === undefined)
    throw new Error(`The server has no such namespace as in ${call.object} and ${call.method}.`);
  const { inputArguments } = await until(signal, session.getArgumentDefinition(methodId));
  if (inputArguments.length !== call.inputs.length) {
    throw new Error(
      `The method takes ${inputArguments.length} inputs (${inputArguments.map(({ name }) => name).join(', ')}), not ${call.inputs.length}.`,
    );
  }
  const variants = inputArguments.map((argument, i) => inputOf(session, argument, call.inputs[i]));
  const given = await until(signal, Promise.all(variants));
  const asked = session.call({ objectId, methodId, inputArguments: given });
  const result = await until(signal, asked).catch(unanswered);
  if (typeof result === 'string') return { state: 'unknown', why: result };
  if (DOUBTFUL.test(result.statusCode.name)) return { state: 'unknown', why: inWords(result.statusCode) };
  if (result.statusCode.isBad()) throw refusal(result, inputArguments);
  return { state: 'done', outputs: (result.outputArguments ?? []).map(plain) };
}

/** The server itself has had no end of it. */
const DOUBTFUL = /Timeout|RequestInterrupted|CommunicationError/;

/** A server may refuse the call as a whole; otherwise it may have arrived. */
function unanswered(err: unknown): string {
  const said = err instanceof Error ? err.message : String(err);
  if (isServiceFault(err) && !DOUBTFUL.test(said)) throw err;
  return `no answer to the call (${said})`;
}

async function inputOf(
  session: Session,
  { name, dataType, valueRank }: Argument,
  given: unknown,
): Promise<Variant> {
  try {
    const type = await findBasicDataType(session, dataType);
    if (valueRank < 1)
      return new Variant({ dataType: type, arrayType: VariantArrayType.Scalar, value: cast(type, given) });
    if (!Array.isArray(given)) throw new Unfit('it must be a list');
    const value = given.map((one) => cast(type, one));
    return new Variant({ dataType: type, arrayType: VariantArrayType.Array, value });
  } catch (err) {
    if (!(err instanceof Unfit)) throw err;
    throw new Error(`Input ${String(name)}: ${err.message}.`, { cause: err });
  }
}

function refusal({ statusCode, inputArgumentResults }: CallMethodResult, inputs: readonly Argument[]): Error {
  const wrong = (inputArgumentResults ?? []).flatMap((status, i) =>
    status.isBad() ? [`${String(inputs[i]?.name)}: ${inWords(status)}`] : [],
  );
  const details = wrong.length === 0 ? '' : ` (${wrong.join('; ')})`;
  return new Error(`The server did not carry out the method: ${inWords(statusCode)}${details}.`);
}

/** Numbers, texts, lists of them; what is neither is told by its type. */
function plain({ dataType, arrayType, value, dimensions }: Variant): unknown {
  const one = (item: unknown): unknown => {
    if (dataType === DataType.Boolean) return item;
    const scalar = scalarOf(
      { dataType, arrayType: VariantArrayType.Scalar, dimensions: null, value: item },
      'text',
    );
    return scalar === undefined ? `a ${DataType[dataType]}` : scalar;
  };
  if (arrayType === VariantArrayType.Scalar || dimensions !== null) return one(value);
  return Array.from((value ?? []) as ArrayLike<unknown>, one);
}
