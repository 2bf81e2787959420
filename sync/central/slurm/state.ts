import type { JobReport } from '../executor.ts';
import { failureOf } from '../states.ts';
import type { Failure } from '../states.ts';
import type { JobLine } from './commands.ts';

/** A job that found its folder claimed by its twin ends so, and has done nothing. */
export const TWIN_EXIT = 75;

type State = JobReport['state'];

const states: Readonly<Record<string, State>> = {
  ...of(
    'pending',
    'PENDING CONFIGURING REQUEUE_FED POWER_UP_NODE REQUEUED REQUEUE_HOLD RESV_DEL_HOLD SPECIAL_EXIT',
  ),
  ...of('running', 'RUNNING RESIZING SIGNALING SUSPENDED STOPPED'),
  ...of('finishing', 'COMPLETING STAGE_OUT'),
  ...of('finished', 'COMPLETED'),
  ...of('failed', 'FAILED OUT_OF_MEMORY NODE_FAIL BOOT_FAIL PREEMPTED LAUNCH_FAILED RECONFIG_FAIL DEADLINE'),
  ...of('timeout', 'TIMEOUT'),
  ...of('cancelled', 'CANCELLED'),
};

function of(state: State, words: string): Record<string, State> {
  return Object.fromEntries(words.split(' ').map((word) => [word, state]));
}

const failures: Readonly<Record<string, Failure>> = {
  OUT_OF_MEMORY: 'oom',
  NODE_FAIL: 'infra',
  BOOT_FAIL: 'infra',
  PREEMPTED: 'infra',
  LAUNCH_FAILED: 'infra',
  RECONFIG_FAIL: 'infra',
  DEADLINE: 'deadline',
};

/** What a line of a list says of a job; null: a word that we do not know, so nothing is concluded. */
export function reportOf(job: JobLine, source: string): JobReport | null {
  const state = states[job.state];
  if (state === undefined) return null;
  const waits = state === 'pending' && job.reason !== '' && job.reason !== 'None';
  return {
    ...{ state, source, evidence: job.exit === null ? job.line : `${job.line} exit ${job.exit}` },
    failure: state === 'failed' ? (failures[job.state] ?? failureOfExit(job)) : undefined,
    job: job.id,
    node: /^[\w.-]+$/.test(job.node) && job.node !== 'None' ? job.node : undefined,
    reason: waits ? job.reason : undefined,
  };
}

/** Of a plain `FAILED`: `exit` is `code:signal`. Slurm calls it `0:53` where the job's folder or log could not be had. */
function failureOfExit({ exit, reason }: JobLine): Failure {
  if (reason === 'BadConstraints') return 'rejected';
  const [code = 0, signal = 0] = (exit ?? '').split(':').map(Number);
  if (signal === 53) return 'launch';
  return signal > 0 ? 'signal' : failureOf(code);
}

/** A job whose end `squeue` lists without saying how. */
export const lacksExit = ({ state, exit }: JobLine): boolean => state === 'FAILED' && exit === null;

/** Of several jobs of one key the one that does the work: a twin that found the folder claimed has done nothing. */
export function chosen(candidates: readonly JobLine[], known: string | null): JobLine | undefined {
  const own = candidates.find(({ id }) => id === known);
  if (own !== undefined) return own;
  const working = candidates.filter(({ exit }) => exit !== `${TWIN_EXIT}:0`);
  return working.toSorted((a, b) => parseInt(a.id) - parseInt(b.id))[0];
}
