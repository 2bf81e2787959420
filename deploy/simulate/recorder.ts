import { DataValue, DataType, StatusCodes, Variant } from 'node-opcua-client';
import type { ReadRawModifiedDetails } from 'node-opcua-client';
import type { Process } from './process.ts';
import { recordTime } from './seconds.ts';
import type { Variable } from './variables.ts';

/** The controller remembers so much. */
const KEPT_MS = 24 * 3_600_000;
/** In one answer, at most; a client asks for the rest by time. */
const MOST = 10_000;
const SECOND_MS = 1_000;

type Question = [
  details: ReadRawModifiedDetails,
  most: number,
  reversed: boolean,
  reverseOrder: boolean,
  answer: (err: Error | null, values?: DataValue[]) => void,
];

/** What the server library asks for history. The process is a function of the clock, so nothing need be stored. */
export function recorder(plant: Process, variable: Variable) {
  return {
    push: () => Promise.resolve(),
    extractDataValues(...[{ startTime, endTime }, most, reversed, reverseOrder, answer]: Question): void {
      const now = Date.now();
      const times = [timeOf(startTime, now - KEPT_MS), timeOf(endTime, now)].sort((a, b) => a - b);
      const from = Math.max(times[0] ?? now, now - KEPT_MS);
      const to = Math.min(times[1] ?? now, now);
      const seconds = Math.max(0, Math.floor((recordTime(to) - from) / SECOND_MS) + 1);
      const count = Math.min(seconds, most > 0 ? most : MOST);
      const first = reversed ? recordTime(to) - (count - 1) * SECOND_MS : recordTime(from + SECOND_MS - 1);
      const values = Array.from({ length: count }, (_, i) =>
        recorded(plant, variable, first + i * SECOND_MS),
      );
      answer(null, reverseOrder ? values.reverse() : values);
    },
  };
}

const timeOf = (date: Date | null, otherwise: number): number =>
  date === null || date.getTime() <= 0 ? otherwise : date.getTime();

const recorded = (plant: Process, variable: Variable, atMs: number): DataValue =>
  new DataValue({
    value: new Variant({ dataType: DataType.Double, value: plant.value(variable, atMs) }),
    statusCode: StatusCodes.Good,
    sourceTimestamp: new Date(atMs),
    serverTimestamp: new Date(atMs),
  });
