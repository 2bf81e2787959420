import type { Needs } from './executor.ts';
import type { Failure } from './states.ts';

/** What another attempt is given. */
export interface Remedy {
  readonly needs: Needs;
  /** It takes up the checkpoint of the one before. */
  readonly resume: boolean;
}

interface Failed {
  readonly n: number;
  readonly needs: Needs;
  readonly node: string | null;
}

const MORE = 1.5;
/** After so many attempts there is not another one. */
const most: Partial<Record<Failure, number>> = { oom: 3, timeout: 5, infra: 3 };

/** What may help against a failure; null where trying again is of no use, or was of none so far. */
export function remedyFor(failure: Failure, { n, needs, node }: Failed): Remedy | null {
  if (n >= (most[failure] ?? 0)) return null;
  if (failure === 'oom') return { needs: { ...needs, memory: (needs.memory ?? 1) * MORE }, resume: true };
  if (failure === 'timeout') return { needs: { ...needs, time: (needs.time ?? 1) * MORE }, resume: true };
  const notOn = node === null ? needs.notOn : [...(needs.notOn ?? []), node];
  return { needs: { ...needs, notOn }, resume: true };
}
