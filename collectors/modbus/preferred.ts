import timers from 'node:timers/promises';
import { reading } from './ask.ts';
import type { Endpoint } from './config.ts';
import { connect } from './connect.ts';
import { Exception } from './failures.ts';
import { lineOn } from './line.ts';
import { sampleOf } from './plan.ts';
import type { Task } from './poll.ts';

const FIRST_LOOK_MS = 2000;
const LONGEST_LOOK_MS = 60_000;

/** Settles when the first endpoint answers again: one small read now and then, never a poll beside the other. */
export async function awaitFirst(first: Endpoint, task: Task, signal: AbortSignal): Promise<void> {
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_LOOK_MS)) {
    await timers.setTimeout(waitMs, undefined, { signal });
    if (await answers(first, task, signal)) return;
  }
}

/** Taking a connection is not enough: a device that hangs does that too. */
async function answers(
  endpoint: Endpoint,
  { config, classes, units }: Task,
  signal: AbortSignal,
): Promise<boolean> {
  const requests = classes.flatMap(({ planned }) => planned);
  const request = requests.find(({ unit }) => !units.isAway(unit)) ?? requests[0];
  if (request === undefined) return true;
  try {
    await using device = await connect(config, endpoint, () => undefined, signal);
    await lineOn(device, config, () => undefined).ask(reading(sampleOf(request)));
    return true;
  } catch (err) {
    return err instanceof Exception;
  }
}
