import type { Raw } from '../../history/reading.ts';
import type { Report } from '../collector.ts';
import { decodeEach } from './decode.ts';
import type { Request } from './plan.ts';
import type { Spot } from './spot.ts';

/** Adds the readings of a request, from the data bytes of its reply. */
export function addReadings(
  readings: Raw[],
  { request, bytes, at }: { readonly request: Request; readonly bytes: Uint8Array; readonly at: number },
  report: Report,
): void {
  decodeEach(request, bytes, (spot, value) => {
    const { tag } = spot.point;
    if (value === null) senseless(spot, report);
    readings.push({ tag, at, value, status: value === null ? 'bad' : 'good' });
  });
}

const senseless = ({ point: { name }, register, type }: Spot, report: Report): void =>
  report.fault(
    'not a number',
    `${name}: register ${register} holds no ${type} that is a number.`,
    'Check type, word order and byte order of the address; some devices say "no value" in this way.',
  );

/** What readings look like when the device gave none. */
export const bad = (
  spots: readonly Spot[],
  at: number,
  reason: 'not connected' | 'refused by the device',
): Raw[] => spots.map(({ point: { tag } }) => ({ tag, at, value: null, status: 'bad', reason }));
