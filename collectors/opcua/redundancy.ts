import timers from 'node:timers/promises';
import { AttributeIds, VariableIds } from 'node-opcua-client';
import type { Left } from './collect.ts';
import type { OpcuaConfig } from './config.ts';
import { connect } from './session.ts';
import type { Link, Session } from './session.ts';
import { until } from './until.ts';
import { timeLimit } from '../../platform/time-limit.ts';

/** A link, and to which server of the set. */
export interface Chosen {
  readonly link: Link;
  readonly endpoint: string;
}
interface Candidate extends Chosen {
  readonly level: number;
}

/** From this on a server is healthy, below it only degraded (OPC 10000-4, 6.6.2.4.2). */
const HEALTHY = 200;
/** A server that does not say is as good as any. */
const UNSTATED = 255;
const LOOK_EVERY_MS = 2_000;
/** A degraded server is compared with the others this often. */
const COMPARE_EVERY_MS = 10_000;
/** Those that have not answered by then are not waited for, if another has. */
const PROBE_MS = 4_000;

const endpointsOf = ({ endpoint, endpoints }: OpcuaConfig): string[] => [
  ...new Set([endpoint, ...endpoints]),
];

/** Connects to the best server of the set: of equals, the one that was used last, then the first that is named. */
export async function connectBest(
  config: OpcuaConfig,
  pkiFolder: string,
  signal: AbortSignal,
  left: Left | undefined,
): Promise<Chosen> {
  const endpoints = endpointsOf(config);
  const earlierAt = (endpoint: string) => (left?.endpoint === endpoint ? left.session : undefined);
  const reach = (endpoint: string, within: AbortSignal) =>
    connect({ ...config, endpoint }, pkiFolder, within, earlierAt(endpoint));
  const [single, ...others] = endpoints;
  if (single !== undefined && others.length === 0)
    return { link: await reach(single, signal), endpoint: single };

  const within = timeLimit(PROBE_MS, signal);
  const outcomes = await Promise.allSettled(
    endpoints.map(async (one) => candidate(one, await reach(one, within), earlierAt(one), within)),
  );
  const found = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const rank = ({ level, endpoint }: Candidate) => level + (endpoint === left?.endpoint ? 0.5 : 0);
  const [best, ...rest] = found.sort((a, b) => rank(b) - rank(a));
  await Promise.all(rest.map(({ link }) => link[Symbol.asyncDispose]()));
  signal.throwIfAborted();
  if (best === undefined) throw nobody(endpoints, outcomes);
  return best;
}

function nobody(endpoints: readonly string[], outcomes: readonly PromiseSettledResult<unknown>[]): Error {
  const reasons = outcomes.map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as unknown) : null,
  );
  const said = reasons.map((reason, i) => `${endpoints[i] ?? ''}: ${messageOf(reason)}`);
  return new Error(`None of the servers can be reached. ${said.join(' ')}`, { cause: reasons[0] });
}
const messageOf = (reason: unknown): string =>
  reason instanceof Error
    ? reason.name === 'TimeoutError'
      ? `no answer within ${PROBE_MS / 1000} s.`
      : reason.message
    : String(reason);

async function candidate(
  endpoint: string,
  link: Link,
  earlier: Session | undefined,
  within: AbortSignal,
): Promise<Candidate> {
  try {
    return { link, endpoint, level: await serviceLevel(link.session, within) };
  } catch (err) {
    if (link.session === earlier) link.leave(); // for the next attempt
    await link[Symbol.asyncDispose]();
    throw err;
  }
}

/** Server_ServiceLevel (OPC 10000-5, 6.3.1). */
async function serviceLevel(session: Session, within: AbortSignal): Promise<number> {
  const reading = session.read({
    nodeId: `ns=0;i=${VariableIds.Server_ServiceLevel}`,
    attributeId: AttributeIds.Value,
  });
  const { value, statusCode } = await until(within, reading);
  const level: unknown = value.value;
  return statusCode.isGood() && typeof level === 'number' ? level : UNSTATED;
}

/** Settles when another server of the set has become better than the chosen one, with why. */
export async function better(
  config: OpcuaConfig,
  pkiFolder: string,
  { link, endpoint }: Chosen,
  signal: AbortSignal,
): Promise<string> {
  const others = endpointsOf(config).filter((one) => one !== endpoint);
  let comparedAt = -Infinity;
  if (others.length === 0) return await new Promise<never>(() => undefined);
  for (;;) {
    await timers.setTimeout(LOOK_EVERY_MS, undefined, { signal });
    const level = await serviceLevel(link.session, timeLimit(PROBE_MS, signal)).catch(() => UNSTATED);
    if (level >= HEALTHY || performance.now() - comparedAt < COMPARE_EVERY_MS) continue;
    comparedAt = performance.now();
    const levels = await Promise.all(
      others.map((one) => levelAt({ ...config, endpoint: one }, pkiFolder, signal)),
    );
    const best = Math.max(...levels);
    if (best > level)
      return `${endpoint} has service level ${level}, ${others[levels.indexOf(best)] ?? ''} has ${best}`;
  }
}

/** -1: it does not answer. */
async function levelAt(config: OpcuaConfig, pkiFolder: string, signal: AbortSignal): Promise<number> {
  try {
    const within = timeLimit(PROBE_MS, signal);
    await using link = await connect(config, pkiFolder, within);
    return await serviceLevel(link.session, within);
  } catch {
    return -1;
  }
}
