import type { JobReport, Patience, Silence } from './executor.ts';

/**
 * The life of an attempt. `created`: decided, nothing sent. `submitting`: sent, perhaps; until it is seen, nobody
 * knows. `finishing`: it ends, nobody knows how. `collecting`: it says that it succeeded. `lost`: nothing has been
 * heard of it for too long; it comes back when something is.
 */
const transitions = {
  created: ['submitting', 'cancelled'],
  submitting: [
    ...(['created', 'pending', 'running', 'finishing', 'collecting'] as const),
    ...(['failed', 'timeout', 'cancelled', 'lost'] as const),
  ],
  pending: ['running', 'finishing', 'collecting', 'failed', 'timeout', 'cancelled', 'lost'],
  running: ['pending', 'finishing', 'collecting', 'failed', 'timeout', 'cancelled', 'lost'],
  finishing: ['pending', 'collecting', 'failed', 'timeout', 'cancelled', 'lost'],
  collecting: ['completed', 'failed'],
  lost: ['pending', 'running', 'finishing', 'collecting', 'failed', 'timeout', 'cancelled'],
  completed: [],
  failed: [],
  timeout: [],
  cancelled: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type AttemptState = keyof typeof transitions;
export const attemptStates = Object.keys(transitions) as AttemptState[];

export const mayMove = (from: AttemptState, to: AttemptState): boolean =>
  (transitions[from] as readonly AttemptState[]).includes(to);

/** A final state: another try is another attempt. */
export const isFinal = (state: AttemptState): boolean => transitions[state].length === 0;

/**
 * Why an attempt did not succeed. `rejected`: the executor would not take it. `code`, `signal`: how the program ended.
 * `launch`: it could not be started, as without its folder. `env`: its command is missing. `infra`: a node or machine
 * failed under it. `deadline`, `timeout`: there was no time, or no more. `artefact`: its result is not what it should
 * be. `expired`: it could not be sent in time.
 */
export const failures = [
  ...(['rejected', 'code', 'signal', 'launch', 'env', 'oom', 'infra'] as const),
  ...(['deadline', 'timeout', 'artefact', 'cancelled', 'expired'] as const),
] as const;
export type Failure = (typeof failures)[number];

/** How an exit code of a shell is to be read. */
export function failureOf(code: number): Failure {
  if (code === 126 || code === 127) return 'env';
  return code > 128 && code <= 128 + 64 ? 'signal' : 'code';
}

const stateOf: Readonly<Record<JobReport['state'], AttemptState>> = {
  ...{ pending: 'pending', running: 'running', finishing: 'finishing', finished: 'collecting' },
  ...{ failed: 'failed', timeout: 'timeout', cancelled: 'cancelled' },
};

/** What a poll has to go by. */
interface Known {
  readonly state: AttemptState;
  /** How long the state holds, and how long and often in a row nothing was heard of the job, this poll included. */
  readonly stateMs: number;
  readonly silentMs: number;
  readonly silentPolls: number;
}

/**
 * The state that follows from a good poll; null where nothing follows. Only what was seen moves an attempt, and
 * silence only when it lasts: then what was sent without an answer has not arrived, and what was there is lost.
 */
export function judge(known: Known, report: JobReport | undefined, patience: Patience): AttemptState | null {
  const { state } = known;
  const to = report === undefined ? afterSilence(known, patience) : stateOf[report.state];
  return to !== null && mayMove(state, to) ? to : null;
}

function afterSilence(known: Known, { unsent, lost }: Patience): AttemptState | null {
  if (known.state === 'submitting')
    return lasts(known, unsent) && known.stateMs >= unsent.ms ? 'created' : null;
  return lasts(known, lost) ? 'lost' : null;
}

const lasts = ({ silentMs, silentPolls }: Known, { polls, ms }: Silence): boolean =>
  silentPolls >= polls && silentMs >= ms;
