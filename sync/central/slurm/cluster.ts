import type { Logger } from '../../../platform/log.ts';
import type { Asked, Reports } from '../executor.ts';
import { createBreaker } from './breaker.ts';
import type { BreakerView } from './breaker.ts';
import { parseConfig, SHOW_CONFIG } from './commands.ts';
import type { ClusterFacts, JobLine } from './commands.ts';
import type { ClusterConfig } from './config.ts';
import type { Files } from './files.ts';
import { folders } from './folders.ts';
import { poll } from './poll.ts';
import { NotConnected, openSsh } from './ssh.ts';
import type { Answer } from './ssh.ts';

/** What is known of a cluster, for people. */
export interface ClusterState {
  readonly breaker: BreakerView;
  readonly lastGoodPollAt: number | null;
  /** How long the newest good poll took. */
  readonly pollTookMs: number | null;
  readonly facts: ClusterFacts | null;
  /** Jobs with names of ours, as the newest good poll listed them. */
  readonly jobs: readonly JobLine[];
}

/** A cluster's login node, and what has been learned of the cluster. */
export interface Cluster extends Disposable {
  readonly config: ClusterConfig;
  run(command: string, signal: AbortSignal, input?: string): Promise<Answer>;
  files<T>(work: (files: Files) => Promise<T>, signal: AbortSignal): Promise<T>;
  poll(jobs: readonly Asked[], signal: AbortSignal): Promise<Reports>;
  state(): ClusterState;
}

/** `key`: the private key's text. Nothing is connected yet. */
export function openCluster(config: ClusterConfig, key: string, log: Logger): Cluster {
  const { name, user, baseFolder, pollMs, commandMs: deadlineMs } = config;
  const breaker = createBreaker(config.retryMs);
  const ssh = openSsh({ ...config, key }, breaker);
  const run: Cluster['run'] = (command, signal, input = '') =>
    ssh.run(command, { deadlineMs, input }, signal);
  const files: Cluster['files'] = (work, signal) => ssh.files(work, { deadlineMs }, signal);
  let known: Omit<ClusterState, 'breaker'> = {
    ...{ lastGoodPollAt: null, pollTookMs: null, facts: null, jobs: [] },
  };

  const facts = async (signal: AbortSignal): Promise<ClusterFacts> => {
    if (known.facts !== null) return known.facts;
    const { code, out, err } = await run(SHOW_CONFIG, signal);
    if (code !== 0) throw new Error(`'${SHOW_CONFIG}' ended with code ${String(code)}: ${err.trim()}`);
    const found = parseConfig(out);
    known = { ...known, facts: found };
    if (!found.accounting && (found.minJobAgeMs ?? Infinity) < 3 * pollMs)
      log.warn({ cluster: name, ...found, pollMs }, FORGETFUL);
    return found;
  };
  const read = (keys: readonly string[], file: string, last: number, signal: AbortSignal) =>
    files((of) => readEach(of, keys, (one) => `${folders(baseFolder).attempt(one)}/${file}`, last), signal);

  return {
    ...{ config, run, files },
    state: () => ({ ...known, breaker: breaker.view() }),
    async poll(jobs, signal) {
      const begun = Date.now();
      try {
        const { reports, queue } = await poll({ user, facts, run, read }, jobs, signal);
        breaker.succeeded();
        known = { ...known, jobs: queue, lastGoodPollAt: Date.now(), pollTookMs: Date.now() - begun };
        return reports;
      } catch (err) {
        if (!(err instanceof NotConnected) && !signal.aborted) breaker.failed((err as Error).message);
        throw err;
      }
    },
    [Symbol.dispose]: () => ssh[Symbol.dispose](),
  };
}

const FORGETFUL =
  'The cluster forgets jobs soon after their end and keeps no accounts: poll more often, or have MinJobAge raised.';

async function readEach(
  files: Files,
  keys: readonly string[],
  pathOf: (key: string) => string,
  last: number,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const key of keys) {
    const found = await files.read(pathOf(key), last);
    if (found !== null) texts.set(key, Buffer.from(found).toString('utf8'));
  }
  return texts;
}
