import timers from 'node:timers/promises';
import type { TagId } from '../../history/reading.ts';
import type { WriteOrder, WriteOutcome } from '../collector.ts';
import type { ModbusConfig } from './config.ts';
import { isSerial } from './config.ts';
import { decode } from './decode.ts';
import type { Value } from './decode.ts';
import { encode } from './encode.ts';
import { ACKNOWLEDGED, Exception, messageOf } from './failures.ts';
import type { Line } from './line.ts';
import { sender } from './send.ts';
import type { Spot } from './spot.ts';

/** A controller takes a value over in its next cycle: it is read back at once, and again after these pauses. */
const LOOK_AGAIN_MS = [100, 400];
const SERVER_FAILURE = 4;

type Sent = { readonly state: 'sent' } | { readonly state: 'refused' | 'unsure'; readonly why: string };

/** Writes orders one after the other, each with the line for itself, and reads each back. */
export function writer(spots: readonly Spot[], config: ModbusConfig) {
  const byTag = new Map(spots.map((spot) => [spot.point.tag, spot] as const));
  const send = sender(config);

  const one = async (order: WriteOrder, line: Line, signal: AbortSignal): Promise<WriteOutcome> => {
    const { tag } = order;
    const checked = check(order, byTag.get(tag), config);
    if (typeof checked === 'string') return refused(tag, checked);
    if (line.gone !== undefined) return refused(tag, `Not sent: ${line.gone.message}`);
    if (signal.aborted) return refused(tag, 'Not sent: it was called off before.');
    const { spot, encoded } = checked;
    const sent = await line
      .together((ask) => send(spot, encoded, ask))
      .then(
        (): Sent => ({ state: 'sent' }),
        (err: unknown) => whatFailed(err),
      );
    if (sent.state === 'refused') return refused(tag, sent.why);
    const wanted = encoded.type === 'bit' ? Number(encoded.on) : valueOf(spot, bytesOf(encoded.registers));
    const { readBack, why } = await lookAt(spot, wanted, line, signal);
    if (readBack !== null && readBack === wanted) return { tag, state: 'verified', readBack };
    return { tag, state: 'unverified', readBack, why: sent.state === 'unsure' ? `${sent.why} ${why}` : why };
  };

  return async (orders: readonly WriteOrder[], line: Line, signal: AbortSignal): Promise<WriteOutcome[]> => {
    if (line.gone !== undefined) throw line.gone;
    const outcomes: WriteOutcome[] = [];
    for (const order of orders) outcomes.push(await one(order, line, signal));
    return outcomes;
  };
}

const refused = (tag: TagId, why: string): WriteOutcome => ({ tag, state: 'refused', why });

function check({ value }: WriteOrder, spot: Spot | undefined, config: ModbusConfig) {
  if (spot === undefined) return 'The tag has no register in this source.';
  const encoded = encode(spot, value);
  if (encoded.type === 'refused') return encoded.why;
  return obstacleOf(spot, config) ?? { spot, encoded };
}

function obstacleOf({ table, unit, count }: Spot, config: ModbusConfig): string | undefined {
  if (table === 'input' || table === 'discrete') {
    return `The table '${table}' can only be read: a device takes writes to holding registers and coils.`;
  }
  if (unit === 0 && isSerial(config))
    return 'Unit 0 is everybody on a serial line: nobody would confirm the write.';
  if (count > 1 && config.writeFunction === 'single') {
    return `The value takes ${count} registers, and the source writes single ones (writeFunction).`;
  }
  return undefined;
}

function whatFailed(err: unknown): Sent {
  if (!(err instanceof Exception))
    return { state: 'unsure', why: `It is not known whether it was done: ${messageOf(err)}` };
  if (err.code === ACKNOWLEDGED) return { state: 'sent' };
  if (err.code === SERVER_FAILURE)
    return { state: 'unsure', why: `The device failed while writing: ${err.message}.` };
  return { state: 'refused', why: `The device refuses: ${err.message}.` };
}

interface Found {
  readonly readBack: number | string | null;
  readonly why: string;
}

async function lookAt(spot: Spot, wanted: Value, line: Line, signal: AbortSignal): Promise<Found> {
  const { unit, table, register: start, count } = spot;
  let found: Found = { readBack: null, why: '' };
  for (const pauseMs of [0, ...LOOK_AGAIN_MS]) {
    if (pauseMs > 0) await timers.setTimeout(pauseMs, undefined, { signal }).catch(() => undefined);
    try {
      const bytes = await line.together((ask) => ask({ do: 'read', unit, table, start, count }));
      const readBack = valueOf(spot, bytes);
      found = {
        readBack,
        why: `The device has ${readBack ?? 'no number'} instead of ${wanted ?? 'no number'}.`,
      };
      if (readBack === wanted) return found;
    } catch (err) {
      found = { readBack: null, why: `It could not be read back: ${messageOf(err)}` };
    }
    if (signal.aborted || line.gone !== undefined) break;
  }
  return found;
}

const bytesOf = (registers: readonly number[]): Uint8Array =>
  Uint8Array.from(registers.flatMap((register) => [register >> 8, register & 0xff]));

const valueOf = (spot: Spot, bytes: Uint8Array): Value =>
  decode({ table: spot.table, start: spot.register, spots: [spot] }, bytes)[0] ?? null;
