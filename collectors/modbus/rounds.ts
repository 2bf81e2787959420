import type { Raw } from '../../history/reading.ts';
import type { Request } from './plan.ts';
import type { PollClass } from './poll-class.ts';

/** One passage through the requests of a class. */
export interface Round {
  readonly of: PollClass;
  /** When the next one is due. */
  readonly deadline: number;
  readonly todo: Request[];
  readonly readings: Raw[];
}

const slotAfter = (now: number, periodMs: number): number => now - (now % periodMs) + periodMs;

/**
 * Which request comes next: of the rounds begun, one of that which must be over first, so that a long slow round never
 * holds up a short quick one. Slots missed while the line was busy are skipped. `begin` fills a round.
 */
export function rounds(
  classes: readonly PollClass[],
  begin: (of: PollClass, at: number) => Omit<Round, 'of' | 'deadline'>,
) {
  const plans = classes.map((of) => ({ of, nextAt: 0, round: undefined as Round | undefined }));

  return {
    /** The round to go on with at `now`, or undefined: it is time for nothing. */
    current(now: number): Round | undefined {
      let first: Round | undefined;
      for (const plan of plans) {
        const { periodMs } = plan.of;
        if (plan.nextAt - now > periodMs) plan.nextAt = slotAfter(now, periodMs); // the clock was set back
        if (plan.round === undefined && plan.nextAt <= now) {
          plan.nextAt = slotAfter(now, periodMs);
          plan.round = { of: plan.of, deadline: plan.nextAt, ...begin(plan.of, now) };
        }
        if (plan.round !== undefined && !(first !== undefined && first.deadline <= plan.round.deadline))
          first = plan.round;
      }
      return first;
    },
    over(round: Round): void {
      const plan = plans.find((one) => one.round === round);
      if (plan !== undefined) plan.round = undefined;
    },
    nextAt: (): number => Math.min(...plans.map(({ nextAt }) => nextAt)),
  };
}
