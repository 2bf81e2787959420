import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { AttributeIds, DataType, VariantArrayType } from 'node-opcua-client';
import type { DataValue, EndpointDescription } from 'node-opcua-client';
import type { TestStep } from '../collector.ts';
import { tryAlarms } from './alarms/try-out.ts';
import { discover } from './discover.ts';
import { explained, NoSession } from './explain.ts';
import { resolve } from './nodes.ts';
import { commonName, thumbprintOf } from './pki/certificate.ts';
import { ownIdentity } from './pki/own.ts';
import { chainIn } from './pki/store.ts';
import type { OpcuaPlan } from './readers.ts';
import { scalarOf } from './scalar.ts';
import { hostIn, judgeServer, portIn } from './secure.ts';
import { checkUser, choose, describeSecurity } from './security.ts';
import { connect } from './session.ts';
import type { Session } from './session.ts';
import { inWords } from './status.ts';
import { until } from './until.ts';
import { timeLimit } from '../../platform/time-limit.ts';

/** Also against a server that accepts the connection and says nothing. */
const ALTOGETHER_MS = 9_000;
const TCP_MS = 3_000;
const SAMPLE = 20;

/** A step that did not fail, with what it found; `remedy` where a person may want to do something all the same. */
type Found<Result> = readonly [result: Result, detail: string, remedy?: string];

/** The dry run of a source (see `Testable`): one step after the other, up to the first that fails. */
export async function test(plan: OpcuaPlan, signal: AbortSignal): Promise<TestStep[]> {
  const { config, pkiFolder } = plan;
  const limit = timeLimit(ALTOGETHER_MS, signal);
  const steps: TestStep[] = [];
  const step = async <Result>(what: string, work: () => Promise<Found<Result>>): Promise<Result> => {
    try {
      const [result, detail, remedy] = await until(limit, work());
      steps.push({ what, ok: true, detail, ...(remedy === undefined ? {} : { remedy }) });
      return result;
    } catch (err) {
      signal.throwIfAborted();
      const late = limit.aborted
        ? new Error(`No answer within ${ALTOGETHER_MS / 1000} s.`, { cause: err })
        : err;
      const { detail, remedy } = explained(late, config, pkiFolder);
      steps.push({ what, ok: false, detail, remedy });
      throw err;
    }
  };
  try {
    await walk(plan, step, limit);
  } catch {
    // Said by the last step.
    signal.throwIfAborted();
  }
  return steps;
}

type Step = <Result>(what: string, work: () => Promise<Found<Result>>) => Promise<Result>;

async function walk(plan: OpcuaPlan, step: Step, signal: AbortSignal): Promise<void> {
  const { config, pkiFolder } = plan;
  for (const endpoint of [config.endpoint, ...config.endpoints])
    await step(`Reach ${endpoint}`, () => reach(endpoint, signal));
  const { current } = await ownIdentity(pkiFolder);
  const endpoints = await step('Ask for its endpoints', async () => {
    const found = await discover(config.endpoint, current);
    return [found, `It offers ${[...new Set(found.map(describeSecurity))].join(', ')}.`];
  });
  const endpoint = await step('Agree on security', () => {
    const chosen = choose(endpoints, config);
    const warnings = checkUser(chosen, config);
    const detail = [`${describeSecurity(chosen)}.`, ...warnings].join(' ');
    return Promise.resolve(warnings.length === 0 ? [chosen, detail] : [chosen, detail, warnings.join(' ')]);
  });
  if (config.security !== 'None')
    await step("Check the server's certificate", () => checkCertificate(endpoint, plan));
  await step('Open a session', async () => {
    const link = await connect(config, pkiFolder, signal);
    return [
      link,
      `As ${config.user ?? (config.userCertificate === undefined ? 'anonymous' : 'the user of a certificate')}.`,
    ];
  }).then(async (held) => {
    await using link = held;
    if (plan.points.length > 0) await step('Read a sample of the tags', () => sample(link.session, plan));
    const { alarms } = config;
    if (alarms !== undefined)
      await step('Look for its alarms', () => tryAlarms(link.session, alarms, config.endpoint));
  });
}

async function reach(endpoint: string, signal: AbortSignal): Promise<Found<null>> {
  const socket = connectTcp({ host: hostIn(endpoint), port: portIn(endpoint) });
  try {
    await once(socket, 'connect', { signal: timeLimit(TCP_MS, signal) });
    return [null, `${socket.remoteAddress} accepts connections at port ${socket.remotePort}.`];
  } catch (err) {
    if (err instanceof Error && err.name === 'AbortError')
      throw new Error(`No answer within ${TCP_MS / 1000} s.`, { cause: err });
    throw err;
  } finally {
    socket.destroy();
  }
}

async function checkCertificate(
  endpoint: EndpointDescription,
  { config, pkiFolder }: OpcuaPlan,
): Promise<Found<null>> {
  const odd = await judgeServer(endpoint, config, pkiFolder);
  const [own] = chainIn(endpoint.serverCertificate);
  const detail = own === undefined ? '' : `${commonName(own)}, thumbprint ${thumbprintOf(own)}.`;
  return odd.length === 0 ? [null, detail] : [null, `${detail} ${odd.join(' ')}`, odd.join(' ')];
}

async function sample(session: Session, { config, points }: OpcuaPlan): Promise<Found<null>> {
  const namespaces = await session.readNamespaceArray();
  const asked = points
    .slice(0, SAMPLE)
    .map((point) => ({ point, node: resolve(point.address.node, namespaces) }));
  const known = asked.flatMap(({ node }) => (node === undefined ? [] : [node]));
  const values = await session.read(known.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })));
  let next = 0;
  const told = asked.map(({ point, node }) => {
    const data = node === undefined ? undefined : values[next++];
    const good = data !== undefined && !data.statusCode.isBad();
    return { good, text: `${point.name} = ${data === undefined ? 'unknown namespace' : describe(data)}` };
  });
  const bad = told.filter(({ good }) => !good);
  const detail = told.map(({ text }) => text).join('; ');
  if (bad.length === 0) return [null, `${detail}.`];
  throw new NoSession(
    config.endpoint,
    `${bad.length} of ${told.length} cannot be read: ${bad.map(({ text }) => text).join('; ')}.`,
    "Check their node ids against the server's address space, and the user's rights.",
    undefined,
  );
}

/** 12.5 (Double, Good). */
function describe({ value, statusCode }: DataValue): string {
  if (statusCode.isBad()) return inWords(statusCode);
  const array = value.arrayType === VariantArrayType.Scalar ? '' : '[]';
  const shown = array === '' ? (scalarOf(value, 'text') ?? 'no value') : 'an array';
  return `${shown} (${DataType[value.dataType]}${array}, ${statusCode.name})`;
}
