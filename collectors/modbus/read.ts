import type { Raw } from '../../history/reading.ts';
import type { Point, Report } from '../collector.ts';
import { Exception, Garbled } from './client.ts';
import type { Device } from './client.ts';
import type { ModbusAddress } from './config.ts';
import { decode } from './decode.ts';
import { split } from './plan.ts';
import type { Request } from './plan.ts';

/** Illegal function, address or value: the request itself is at fault, not the moment. */
const REFUSALS: readonly number[] = [1, 2, 3];

/** What became of a request: its readings, the parts that the device answers, and those it refuses. */
export interface Outcome {
  readonly readings: readonly Raw[];
  readonly answered: readonly Request[];
  readonly refused: readonly Request[];
}

/** Reads a request, splitting it as far as the device demands, so that one bad address costs nobody else. */
export function reader(device: Device, report: Report) {
  const read = async (request: Request, at: number): Promise<Outcome> => {
    try {
      const values = decode(request, await device.read(request));
      const readings = request.points.map((point, i) => reading(point, values[i] ?? null, at, report));
      return { readings, answered: [request], refused: [] };
    } catch (err) {
      if (err instanceof Exception && REFUSALS.includes(err.code)) return refusal(request, err, at);
      if (!(err instanceof Exception) && !(err instanceof Garbled)) throw err;
      report.fault(
        err instanceof Garbled ? 'malformed' : 'refused address',
        `${where(request)}: ${err.message}.`,
        'Look at the device, or at the gateway in front of it: it answers, but not with what was asked.',
      );
      return { readings: allBad(request, at), answered: [request], refused: [] };
    }
  };

  const refusal = async (request: Request, err: Exception, at: number): Promise<Outcome> => {
    const [one, other] = split(request);
    if (one === undefined || other === undefined) {
      const names = request.points.map(({ name }) => name).join(', ');
      report.fault(
        'refused address',
        `${names}: the device refuses ${where(request)} (${err.message}).`,
        REMEDY,
      );
      return { readings: allBad(request, at), answered: [], refused: [request] };
    }
    const first = await read(one, at);
    const second = await read(other, at);
    return {
      readings: [...first.readings, ...second.readings],
      answered: [...first.answered, ...second.answered],
      refused: [...first.refused, ...second.refused],
    };
  };

  return read;
}

const REMEDY =
  'Check unit, table and register of the address against the device manual: here registers count from 0.';

/** What a reading looks like when the device gave none. */
export const allBad = ({ points }: Request, at: number): Raw[] =>
  points.map(({ tag }) => ({ tag, at, value: null, status: 'bad' }));

type Value = number | string | null;

function reading(point: Point<ModbusAddress>, value: Value, at: number, report: Report): Raw {
  if (value !== null) return { tag: point.tag, at, value, status: 'good' };
  report.fault(
    'not a number',
    `${point.name}: register ${point.address.register} holds no finite ${point.address.type}.`,
    'Check type, word order and byte order of the address; some devices say "no value" in this way.',
  );
  return { tag: point.tag, at, value, status: 'bad' };
}

const where = ({ unit, table, start, count }: Request): string =>
  `unit ${unit}, ${table} ${start}${count === 1 ? '' : ` to ${start + count - 1}`}`;
