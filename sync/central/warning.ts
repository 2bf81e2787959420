import type { TrainingSummary } from './store/trainings.ts';

/** What Slurm's reasons mean that never end by themselves, and what a person can do. */
const never: Readonly<Record<string, string>> = {
  DependencyNeverSatisfied: 'it depends on a job that has failed. Cancel it and order it anew',
  PartitionTimeLimit: "it asks for more time than its partition allows. Lower the cluster's 'minutes'",
  PartitionNodeLimit: 'it asks for more nodes than its partition allows. Choose another partition',
  PartitionDown: "its partition is down. Ask the cluster's administrators, or choose another partition",
  PartitionInactive:
    "its partition is inactive. Ask the cluster's administrators, or choose another partition",
  BadConstraints: "no node is as it asks for. Change the cluster's resources",
  InvalidAccount: "the cluster does not know its account. Correct the cluster's 'account'",
  InvalidQOS: 'the account may not use this quality of service. Ask the administrators of the cluster',
  JobHeldUser: 'it is held. Release it on the cluster (scontrol release), or cancel it',
  JobHeldAdmin: "an administrator of the cluster holds it. Ask the cluster's administrators",
  launch_failed_requeued_held:
    'it could not be started and is held. Look at the node, then release or cancel it',
  JobHoldMaxRequeue: 'it was put back too often and is held. Release it on the cluster, or cancel it',
};

const doubtful: readonly [RegExp, string][] = [
  [/^ReqNodeNotAvail/, 'the nodes it needs are not available'],
  [/^Assoc/, 'a limit of its account is reached'],
  [/^QOS/, 'a limit of its quality of service is reached'],
];

/** Why a job does not start, in words for a person, or null where it will in time. */
export function whyNot(reason: string): string | null {
  const word = reason.split(/[ ,]/)[0] ?? '';
  const why = never[word];
  if (why !== undefined) return `It will not start by itself: ${why}.`;
  const doubt = doubtful.find(([pattern]) => pattern.test(word));
  return doubt === undefined ? null : `It waits: ${doubt[1]} (${reason}).`;
}

type Facts = Pick<TrainingSummary, 'state' | 'attempt_state' | 'reason' | 'executor'>;

/** What a person should know of a training that is under way. */
export function warningOf({ state, attempt_state, reason, executor }: Facts): string | null {
  if (state !== 'running') return null;
  if (attempt_state === 'lost')
    return `Nothing has been heard of its job at '${executor ?? ''}' for too long. It goes on if it is heard again; else cancel it and order it anew.`;
  return attempt_state === 'pending' && reason !== null ? whyNot(reason) : null;
}
