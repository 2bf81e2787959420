import timers from 'node:timers/promises';
import { openLink } from './broker.ts';
import type { BrokerOptions, Link } from './broker.ts';
import type { Measurement, MeasurementBuffer } from './buffer.ts';
import { measurementBuffer } from './buffer.ts';
import { deliverHistory, deliverLive, topicOf } from './delivery.ts';
import type { Process } from './process.ts';
import { openProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { recordTime } from './seconds.ts';
import type { SetPoint } from './variables.ts';
import { servedBy, setPoints } from './variables.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;
const BUFFERED_S = 600;
const HOUR_MS = 3_600_000;

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
    measure: (at) => buffer.push(measurementAt(plant, at)),

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
  await link.subscribe('plant/te/+/+/set', (topic, payload) => say(accept(plant, topic, payload)));
  say(`MQTT: connected to ${options.broker.url}.`);

  const variables = servedBy('mqtt');
  const delivery = { link, variables, progress };
  const from = progress.until;
  const to = buffer.waiting()[0]?.at ?? recordTime(Date.now()) + 1000;
  let acknowledged = from;
  let caughtUp = false;
  const live = deliverLive(
    delivery,
    buffer,
    async (at) => {
      acknowledged = at;
      if (caughtUp) await progress.advance(at);
    },
    signal,
  );
  const history = deliverHistory(delivery, recorded(plant, from, to, options.backlogStepS * 1000));
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

const measurementAt = (plant: Process, at: number): Measurement => ({
  at,
  values: servedBy('mqtt').map((variable) => plant.value(variable, at)),
});

/** The records after `from` and before `to`, at multiples of `stepMs`. */
function* recorded(plant: Process, from: number, to: number, stepMs: number): Generator<Measurement> {
  for (let at = (Math.floor(from / stepMs) + 1) * stepMs; at < to; at += stepMs) {
    yield measurementAt(plant, at);
  }
}

/** A write to a set-point: a number, or `{"value": number}`. */
function accept(plant: Process, topic: string, payload: string): string {
  const setPoint = setPoints.find((candidate) => `${topicOf(candidate)}/set` === topic);
  if (setPoint?.device !== 'mqtt') return `MQTT: nothing can be set at ${topic}.`;
  const value = numberIn(payload);
  if (value !== undefined && plant.set(setPoint, value)) return `MQTT: ${setPoint.name} set to ${value}.`;
  return `MQTT: ${setPoint.name} stays as it is: ${describe(setPoint)} was expected.`;
}

const describe = ({ range: [low, high], unit }: SetPoint): string =>
  `a number from ${low} to ${high} ${unit}`;

function numberIn(payload: string): number | undefined {
  try {
    const parsed = JSON.parse(payload) as unknown;
    const value = typeof parsed === 'object' && parsed !== null && 'value' in parsed ? parsed.value : parsed;
    return typeof value === 'number' ? value : undefined;
  } catch {
    return undefined; // Not JSON: the caller says what is expected.
  }
}

function reasonOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  const cause = err.cause instanceof Error ? ` (${err.cause.message})` : '';
  return `${err.message.replace(/\.$/, '')}${cause}.`;
}

/** Read through a function: after a check the compiler takes the flag for constant. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;
