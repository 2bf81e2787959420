import timers from 'node:timers/promises';
import { openLink } from './broker.ts';
import type { BrokerOptions, Link } from './broker.ts';
import type { Measurement, MeasurementBuffer } from './buffer.ts';
import { measurementBuffer } from './buffer.ts';
import { deliverHistory, deliverLive } from './delivery.ts';
import type { Process } from './process.ts';
import { openProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { recordTime } from './seconds.ts';
import { acceptWrite } from './set-point.ts';
import type { Variable } from './variables.ts';
import { servedBy, setPoints } from './variables.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;
const BUFFERED_S = 600;
const HOUR_MS = 3_600_000;

const served = servedBy('mqtt');
/** What has a history from before this run: nobody knows what a set-point was. */
const recorded = served.filter(({ name }) => setPoints.every((setPoint) => setPoint.name !== name));

export interface TelemetryOptions {
  readonly broker: BrokerOptions;
  /** How much history there is when the plant is new, and how far apart its records are. */
  readonly backlogHours: number;
  readonly backlogStepS: number;
  /** Where it is kept up to when the history has been handed over. */
  readonly folder: string;
}
export type Say = (line: string) => void;

/**
 * The analysers' field device. It remembers every second of the last ten minutes and a coarser record of the hours
 * before: after an outage, however long, it hands over both.
 */
export interface Telemetry {
  /** Measures the record of one second. */
  measure(atMs: number): void;
  /** Delivers until `signal` aborts. A broker that is away is tried again for ever. */
  run(signal: AbortSignal): Promise<void>;
}

export function telemetry(plant: Process, options: TelemetryOptions, say: Say): Telemetry {
  const buffer = measurementBuffer(BUFFERED_S);
  const device = { plant, options, buffer, say };
  return {
    measure: (at) => buffer.push(measurementAt(plant, served, at)),

    async run(signal) {
      const earliest = recordTime(Date.now() - options.backlogHours * HOUR_MS);
      const progress = await openProgress(options.folder, earliest);
      let wait = FIRST_WAIT_MS;
      let said = '';
      while (!isOver(signal)) {
        try {
          await using link = await openLink(options.broker, signal);
          wait = FIRST_WAIT_MS;
          said = '';
          await serve(device, link, progress, signal);
        } catch (err) {
          const reason = `MQTT: ${reasonOf(err)} Measurements are kept and the broker is tried again.`;
          if (reason !== said && !isOver(signal)) say(reason);
          said = reason;
        }
        await timers.setTimeout(wait, undefined, { signal }).catch(() => undefined);
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      }
      await progress.save();
    },
  };
}

interface Device {
  readonly plant: Process;
  readonly options: TelemetryOptions;
  readonly buffer: MeasurementBuffer;
  readonly say: Say;
}

/** One connection, until it is lost or `signal` aborts: history and live measurements side by side. */
async function serve(device: Device, link: Link, progress: Progress, signal: AbortSignal): Promise<void> {
  const { plant, options, buffer, say } = device;
  await link.subscribe('plant/te/+/+/set', (topic, payload) => say(acceptWrite(plant, topic, payload)));
  say(`MQTT: connected to ${options.broker.url}.`);

  const from = progress.until;
  const to = buffer.waiting()[0]?.at ?? recordTime(Date.now()) + 1000;
  let acknowledged = from;
  let caughtUp = false;
  const live = deliverLive(
    { link, variables: served, progress },
    buffer,
    async (at) => {
      acknowledged = at;
      if (caughtUp) await progress.advance(at);
    },
    signal,
  );
  const history = deliverHistory(
    { link, variables: recorded, progress },
    coarse(plant, { from, to, stepMs: options.backlogStepS * 1000 }),
  );
  await Promise.race([
    link.lost,
    Promise.all([
      live,
      history.then(async (count) => {
        caughtUp = true;
        await progress.advance(acknowledged);
        if (count > 0) say(`MQTT: handed over ${count} records of history for each variable.`);
      }),
    ]),
  ]);
}

const measurementAt = (plant: Process, variables: readonly Variable[], at: number): Measurement => ({
  at,
  values: variables.map((variable) => plant.value(variable, at)),
});

interface Span {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}
/** The records after `from` and before `to`, at multiples of `stepMs`. */
function* coarse(plant: Process, { from, to, stepMs }: Span): Generator<Measurement> {
  for (let at = (Math.floor(from / stepMs) + 1) * stepMs; at < to; at += stepMs) {
    yield measurementAt(plant, recorded, at);
  }
}

function reasonOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  const cause = err.cause instanceof Error ? ` (${err.cause.message})` : '';
  return `${err.message.replace(/\.$/, '')}${cause}.`;
}

/** Read through a function: after a check the compiler takes the flag for constant. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;
