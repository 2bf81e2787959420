import type { Link } from './broker.ts';
import type { Measurement, MeasurementBuffer } from './buffer.ts';
import type { Progress } from './progress.ts';
import type { Variable } from './variables.ts';

/** Measurements in one message of a batch, so that none is large. */
const BATCH = 60;
/** Messages of a batch that may be on their way at a time. */
const IN_FLIGHT = 4;

export const topicOf = ({ area, name }: Variable): string => `plant/te/${area.toLowerCase()}/${name}`;

/** The field device's side of one connection: what to publish, in the variables' order, and how far it has come. */
export interface Delivery {
  readonly link: Link;
  readonly variables: readonly Variable[];
  readonly progress: Progress;
}

/** Publishes what is measured until `signal` aborts. What waited longer than a second goes ahead as a batch. */
export async function deliverLive(
  delivery: Delivery,
  buffer: MeasurementBuffer,
  acknowledged: (at: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await buffer.filled(signal);
    if (signal.aborted) return;
    const waiting = buffer.waiting();
    const late = waiting.slice(0, -1).slice(0, BATCH);
    if (late.length > 0) await publishBatch(delivery, late);
    else await publishNewest(delivery, waiting);
    const at = (late.at(-1) ?? waiting[0])?.at ?? 0;
    buffer.settle(at);
    await acknowledged(at);
  }
}

/** Hands over `history`, oldest first, as devices do that were offline. Returns how many records it had. */
export async function deliverHistory(delivery: Delivery, history: Iterable<Measurement>): Promise<number> {
  let batch: Measurement[] = [];
  let count = 0;
  const flush = async () => {
    const last = batch.at(-1);
    if (last === undefined) return;
    await publishBatch(delivery, batch);
    await delivery.progress.advance(last.at);
    batch = [];
  };
  for (const measurement of history) {
    batch.push(measurement);
    count++;
    if (batch.length === BATCH) await flush();
  }
  await flush();
  return count;
}

async function publishNewest(
  { link, variables }: Delivery,
  [measurement]: readonly Measurement[],
): Promise<void> {
  if (measurement === undefined) return;
  await Promise.all(variables.map((variable, i) => link.publish(topicOf(variable), entry(measurement, i))));
}

/** One message for each variable, with all its records. */
async function publishBatch({ link, variables }: Delivery, batch: readonly Measurement[]): Promise<void> {
  for (let first = 0; first < variables.length; first += IN_FLIGHT) {
    const group = variables.slice(first, first + IN_FLIGHT);
    await Promise.all(
      group.map((variable, i) =>
        link.publish(
          `${topicOf(variable)}/history`,
          batch.map((measurement) => entry(measurement, first + i)),
        ),
      ),
    );
  }
}

const entry = ({ at, values }: Measurement, i: number) => ({
  time: new Date(at).toISOString(),
  value: values[i],
});
