import { reading } from './ask.ts';
import { settingsOf } from './config.ts';
import { Closed, Exception, UNIT_AWAY } from './failures.ts';
import type { Line } from './line.ts';
import { sampleOf } from './plan.ts';
import type { Request } from './plan.ts';
import type { Task } from './poll.ts';

/** Even where no time is left in a cycle, a unit that is away gets this. */
const LEAST_MS = 20;

/**
 * Asks a unit that is away whether it is back, in the time until `until`, when the next round begins: those that answer
 * keep their period. Now and then the unit gets all its time, since it may be slow. Says whether there was one to ask.
 */
export async function probe(
  line: Line,
  { config, classes, units, report }: Task,
  until: number,
): Promise<boolean> {
  const now = Date.now();
  const due = units.due(now);
  if (due === undefined) return false;
  const { unit, whole, nth } = due;
  const requests = classes.flatMap(({ planned }) => planned.filter((request) => request.unit === unit));
  // Another one each time: some devices say nothing to an address that they do not have.
  const request: Request | undefined = requests[nth % requests.length];
  if (request === undefined) return false;
  const { timeoutMs } = settingsOf(config, unit);
  const limitMs = whole ? timeoutMs : Math.min(timeoutMs, Math.max(LEAST_MS, until - now));
  try {
    await line.ask(reading(sampleOf(request)), limitMs);
  } catch (err) {
    if (err instanceof Closed) throw err;
    if (!(err instanceof Exception) || UNIT_AWAY.includes(err.code)) {
      units.lost(unit, Date.now());
      return true;
    }
  }
  report.log.info({ unit }, 'The unit answers again.');
  return true;
}
