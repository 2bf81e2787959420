import type { Report } from '../collector.ts';
import type { Asking } from './device.ts';
import { Exception, Garbled, ILLEGAL_FUNCTION, REFUSALS, Silence, UNIT_AWAY } from './failures.ts';
import type { Line } from './line.ts';
import { sampleOf, where } from './plan.ts';
import type { Request } from './plan.ts';
import type { Units } from './units.ts';

/** What became of a request. */
export type Outcome =
  | { readonly type: 'answered'; readonly bytes: Uint8Array }
  /** The device does not have what was asked for; in parts it may. */
  | { readonly type: 'refused'; readonly whole: boolean }
  /** The unit answers, but not to this. */
  | { readonly type: 'mute' }
  /** It answered with nothing of use this time. */
  | { readonly type: 'failed' }
  /** The unit does not answer; or, not silent, a gateway says so. */
  | { readonly type: 'away'; readonly silent: boolean };

export const reading = ({ unit, table, start, count }: Request): Asking => ({
  ...{ do: 'read', unit, table, start, count },
});

/** Asks once, and again where only that tells what is wrong. Rejects when the connection is of no use any more. */
export async function ask(request: Request, line: Line, units: Units, report: Report): Promise<Outcome> {
  for (let tries = units.tries(request.unit); tries > 0; tries--) {
    try {
      const bytes = await line.ask(reading(request));
      units.remember(request.unit, request);
      return { type: 'answered', bytes };
    } catch (err) {
      if (err instanceof Exception) return excepted(request, err, report);
      if (err instanceof Garbled) return garbled(request, err, report);
      if (!(err instanceof Silence)) throw err;
    }
  }
  return (await answersElsewhere(request, line, units))
    ? mute(request, report)
    : { type: 'away', silent: true };
}

/** Some devices say nothing at all to an address that they do not have: that is not the death of the unit. */
async function answersElsewhere(request: Request, line: Line, units: Units): Promise<boolean> {
  const known = units.known(request.unit);
  if (known === undefined || known === request) return false;
  try {
    await line.ask(reading(sampleOf(known)));
    return true;
  } catch (err) {
    if (err instanceof Silence) return false;
    if (err instanceof Exception || err instanceof Garbled) return true;
    throw err;
  }
}

function excepted(request: Request, err: Exception, report: Report): Outcome {
  if (UNIT_AWAY.includes(err.code)) return { type: 'away', silent: false };
  const refused = REFUSALS.includes(err.code);
  const whole = err.code === ILLEGAL_FUNCTION || request.spots.length < 2;
  if (refused && !whole) return { type: 'refused', whole };
  const names = request.spots.map(({ point }) => point.name).join(', ');
  report.fault(
    'refused address',
    refused
      ? `${names}: the device refuses ${where(request)} (${err.message}).`
      : `${where(request)}: ${err.message}.`,
    refused
      ? 'Check unit, table and register of the address against the device manual: here registers count from 0.'
      : 'Look at the device: it answers, but could not do what was asked. Where it is busy, poll it less often.',
  );
  return refused ? { type: 'refused', whole } : { type: 'failed' };
}

function garbled(request: Request, err: Garbled, report: Report): Outcome {
  report.fault(
    'malformed',
    `${where(request)}: ${err.message}.`,
    'Look at the device, or at the gateway in front of it: it answers, but not with what was asked.',
  );
  return { type: 'failed' };
}

function mute(request: Request, report: Report): Outcome {
  report.fault(
    'refused address',
    `The device says nothing to ${where(request)}, though it answers for other registers.`,
    'Check the addresses against the device manual, or give the unit a smaller hole or maxRegisters, or a longer timeoutMs.',
  );
  return { type: 'mute' };
}
