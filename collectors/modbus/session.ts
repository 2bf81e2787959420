import type { Raw } from '../../history/reading.ts';
import type { Emit } from '../collector.ts';
import { endpoints, nameOf } from './config.ts';
import type { Endpoint } from './config.ts';
import { connect } from './connect.ts';
import type { Device } from './device.ts';
import { messageOf } from './failures.ts';
import { handTo } from './hand.ts';
import { healthReadings } from './health.ts';
import { lineOn } from './line.ts';
import type { Line } from './line.ts';
import { poll } from './poll.ts';
import type { Hand, Task } from './poll.ts';
import { awaitFirst } from './preferred.ts';
import { bad } from './readings.ts';

/** The link of a source: connects to the endpoint of choice, polls, and goes back to the first when that answers again. */
export class Session {
  readonly #task: Task;
  readonly #endpoints: readonly [Endpoint, ...Endpoint[]];
  /** Where to begin: an endpoint that was just lost comes last. */
  #order: readonly Endpoint[];
  #line: Line | undefined;
  #toldDown = false;

  constructor(task: Task) {
    this.#task = task;
    this.#endpoints = endpoints(task.config);
    this.#order = this.#endpoints;
  }

  /** The line to write to and to browse, while there is one. */
  get line(): Line | undefined {
    return this.#line;
  }

  async run(emit: Emit, signal: AbortSignal): Promise<void> {
    const { classes, report } = this.#task;
    const shortestMs = Math.min(...classes.map(({ periodMs }) => periodMs));
    const { hand, landed } = handTo(emit, shortestMs, report);
    try {
      for (;;) {
        await this.#connection(hand, signal);
        if (signal.aborted) return;
        this.#order = this.#endpoints;
        this.#task.report.log.info('The first endpoint answers again; will go back to it.');
      }
    } catch (err) {
      if (signal.aborted) return;
      const readings = this.#downReadings(Date.now());
      if (readings.length > 0) await hand(readings);
      throw err;
    } finally {
      await landed();
    }
  }

  /** One connection, until it is lost, or the first endpoint is back. */
  async #connection(hand: Hand, signal: AbortSignal): Promise<void> {
    const { device, at } = await connectAny(this.#order, this.#task, signal);
    await using held = device;
    this.#task.report.log.info({ endpoint: nameOf(at) }, 'Connected to the Modbus device.');
    this.#order = [...this.#order.filter((one) => one !== at), at];
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    const [first] = this.#endpoints;
    const back =
      at === first
        ? undefined
        : awaitFirst(first, this.#task, until).then(
            () => over.abort(),
            () => undefined, // it was told to stop
          );
    // A request in flight ends at once when we are told to stop.
    const stopped = () => void held[Symbol.asyncDispose]();
    signal.addEventListener('abort', stopped, { once: true });
    try {
      await poll((this.#line = this.#lineOn(held)), this.#task, hand, until);
    } catch (err) {
      if (!signal.aborted) throw err;
    } finally {
      this.#line = undefined;
      signal.removeEventListener('abort', stopped);
      over.abort();
      await back;
    }
  }

  #lineOn(device: Device): Line {
    const { config, units } = this.#task;
    units.reconnected();
    return lineOn(device, config, (unit, tookMs) => {
      this.#toldDown = false;
      units.answered(unit, tookMs);
    });
  }

  /** Once for each loss: with each batch the supervisor believes in a link again. */
  #downReadings(now: number): readonly Raw[] {
    if (this.#toldDown) return [];
    this.#toldDown = true;
    const { classes, units } = this.#task;
    const points = classes.flatMap(({ health }) => health);
    const spots = classes.flatMap((of) => of.spots);
    return [...bad(spots, now, 'not connected'), ...healthReadings(points, units, now, false)];
  }
}

/** The first of the endpoints that takes a connection. */
async function connectAny(order: readonly Endpoint[], { config, report }: Task, signal: AbortSignal) {
  const failures: unknown[] = [];
  for (const at of order) {
    const stray = (what: string) =>
      report.fault(
        'malformed',
        `${nameOf(at)} sent ${what}.`,
        'Look for late answers, noise, or a second master.',
      );
    try {
      return { device: await connect(config, at, stray, signal), at };
    } catch (err) {
      signal.throwIfAborted();
      failures.push(err);
    }
  }
  if (failures.length === 1) throw failures[0];
  throw new AggregateError(failures, failures.map(messageOf).join(' '));
}
