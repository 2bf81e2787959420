import type { Raw } from '../../history/reading.ts';
import type { Report } from '../collector.ts';
import { decode } from './decode.ts';
import type { Value } from './decode.ts';
import type { Request } from './plan.ts';
import type { Spot } from './spot.ts';

/** The readings of a request, from the data bytes of its reply. */
export function readingsOf(request: Request, bytes: Uint8Array, at: number, report: Report): Raw[] {
  const values = decode(request, bytes);
  return request.spots.map((spot, i) => reading(spot, values[i] ?? null, at, report));
}

function reading(spot: Spot, value: Value, at: number, report: Report): Raw {
  const { tag, name } = spot.point;
  if (value !== null) return { tag, at, value, status: 'good' };
  report.fault(
    'not a number',
    `${name}: register ${spot.register} holds no ${spot.type} that is a number.`,
    'Check type, word order and byte order of the address; some devices say "no value" in this way.',
  );
  return { tag, at, value, status: 'bad' };
}

/** What readings look like when the device gave none. */
export const bad = (
  spots: readonly Spot[],
  at: number,
  reason: 'not connected' | 'refused by the device',
): Raw[] => spots.map(({ point: { tag } }) => ({ tag, at, value: null, status: 'bad', reason }));
