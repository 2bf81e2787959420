import timers from 'node:timers/promises';
import type { Raw } from '../../history/reading.ts';
import type { Report } from '../collector.ts';
import { ask } from './ask.ts';
import type { Outcome } from './ask.ts';
import type { ModbusConfig } from './config.ts';
import { Closed, Silence } from './failures.ts';
import { healthReadings } from './health.ts';
import type { Line } from './line.ts';
import { sampleOf } from './plan.ts';
import type { Request } from './plan.ts';
import type { PollClass } from './poll-class.ts';
import { probe } from './probe.ts';
import { addReadings, bad } from './readings.ts';
import { rounds } from './rounds.ts';
import type { Round } from './rounds.ts';
import type { Units } from './units.ts';

/** Takes readings on; settles when there is room for more. */
export type Hand = (readings: readonly Raw[]) => Promise<void>;

/** What a source reads. */
export interface Task {
  readonly config: ModbusConfig;
  readonly classes: readonly PollClass[];
  readonly units: Units;
  readonly report: Report;
}

/** A long round is handed on in parts: what takes a whole one in one go stands still for that long. */
const MOST_IN_BATCH = 2_000;
/** So many units in a row that fall silent, with no answer in between: the connection is doubtful, not the units. */
const DEATHS_TO_LOSS = 2;
/** So many answers in a row that make no sense: a new connection may mend that. */
const FAILURES_TO_LOSS = 8;

/** Polls until the connection is of no use any more: rejects then, or settles when `signal` aborts. */
export async function poll(line: Line, task: Task, hand: Hand, signal: AbortSignal): Promise<void> {
  const { config, units, report } = task;
  const step = stepper(line, task, hand);
  const schedule = rounds(task.classes, (of, at) => {
    const { todo, left } = of.begin(at);
    const readings = left.flatMap(({ spots }) => bad(spots, at, 'refused by the device'));
    const asks = todo.some(({ unit }) => !task.units.isAway(unit));
    return { todo: asks ? [...todo] : [...todo, ...signOfLife(task)], readings };
  });

  while (!signal.aborted) {
    const round = schedule.current(Date.now());
    if (round !== undefined) {
      const request = round.todo.shift();
      if (request !== undefined) await step(request, round);
      if (round.readings.length >= MOST_IN_BATCH) await hand(round.readings.splice(0));
      if (round.todo.length > 0) continue;
      schedule.over(round);
      add(round, healthReadings(round.of.health, units, Date.now(), true));
      await hand(round.readings);
      continue;
    }
    if (await probe(line, task, schedule.nextAt())) continue;
    if (line.gone !== undefined) throw line.gone;
    const until = Math.min(schedule.nextAt(), units.nextProbeAt());
    const pauseMs = Math.max(1, Math.min(until - Date.now(), config.pollMs));
    await timers.setTimeout(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  report.log.debug('Polling has ended.');
}

/** A round that would ask nobody asks for something all the same: a batch says that the link is alive. */
function signOfLife({ classes, units }: Task): Request[] {
  const [request] = classes.flatMap(({ planned }) => planned.filter(({ unit }) => !units.isAway(unit)));
  return request === undefined ? [] : [sampleOf(request)];
}

/** One request of a round. */
function stepper(line: Line, task: Task, hand: Hand) {
  const { units, report } = task;
  let deaths = 0;
  let failures = 0;

  const away = async (unit: number, silent: boolean) => {
    units.lost(unit, Date.now());
    report.log.warn({ unit }, 'A unit does not answer; the others go on, and it is asked now and then.');
    if (silent) deaths++;
    if (!units.anybody() || deaths >= DEATHS_TO_LOSS) {
      throw new Silence(`No answer from ${deaths > 1 ? `${deaths} units in a row` : `unit ${unit}`}.`);
    }
    const spots = task.classes.flatMap((of) => of.spots.filter((spot) => spot.unit === unit));
    await hand(bad(spots, Date.now(), 'not connected'));
  };

  return async (request: Request, round: Round): Promise<void> => {
    if (units.isAway(request.unit)) {
      add(round, bad(request.spots, Date.now(), 'not connected'));
      return;
    }
    const outcome = await ask(request, line, units, report);
    if (outcome.type === 'away') return away(request.unit, outcome.silent);
    deaths = 0;
    failures = outcome.type === 'failed' ? failures + 1 : 0;
    if (failures >= FAILURES_TO_LOSS) throw new Closed(`${failures} answers in a row were of no use.`);
    if (request.spots.length > 0) settle(outcome, request, round, report);
  };
}

/** Not by spreading into `push`: a round can be larger than a call may have arguments. */
function add({ readings }: Round, more: readonly Raw[]): void {
  for (const one of more) readings.push(one);
}

function settle(outcome: Outcome, request: Request, round: Round, report: Report): void {
  const at = Date.now();
  if (outcome.type === 'answered') {
    round.of.answered(request);
    addReadings(round.readings, { request, bytes: outcome.bytes, at }, report);
    return;
  }
  if (outcome.type === 'mute') round.of.mute(request, at);
  if (outcome.type === 'refused') {
    const parts = round.of.refuse(request, at, outcome.whole);
    if (parts.length > 0) {
      round.todo.unshift(...parts);
      return;
    }
  }
  add(round, bad(request.spots, at, 'refused by the device'));
}
