import timers from 'node:timers/promises';
import { isSerial, numbersRequests, settingsOf } from './config.ts';
import type { ModbusConfig } from './config.ts';
import type { Asking, Device } from './device.ts';
import { ACKNOWLEDGED, BUSY, Exception, REFUSALS, Silence, UNIT_AWAY } from './failures.ts';
import { dataLength, suspicions } from './suspicions.ts';
import type { Reading } from './suspicions.ts';
import { turns } from './turns.ts';
import { silenceMs } from './wire/serial.ts';

export type Ask = (asking: Asking, timeoutMs?: number) => Promise<Uint8Array>;

/** A device with its manners: one request in flight, pauses, and patience with who is busy. */
export interface Line {
  /** In its turn. Rejects with Exception, Silence, Garbled or Closed. */
  readonly ask: Ask;
  /** Several requests with nothing in between, before all reads that wait. */
  readonly together: <T>(work: (ask: Ask) => Promise<T>) => Promise<T>;
  /** Why nothing can be asked any more. */
  readonly gone: Error | undefined;
}

type Heard = (unit: number, tookMs: number) => void;

/** `heard` is called with each answer of a unit, refusals included. */
export function lineOn(device: Device, config: ModbusConfig, heard: Heard): Line {
  const turn = turns();
  const sure = unmistakable(paced(device, config, heard), config);
  return {
    ask: patient((asking, timeoutMs) => turn(() => sure(asking, timeoutMs)), config),
    together: (work) => turn(() => work(patient(sure, config)), 'urgent'),
    get gone() {
      return device.gone;
    },
  };
}

/** Keeps the pause between an answer and the next request. */
function paced(device: Device, config: ModbusConfig, heard: Heard): Ask {
  const least = isSerial(config) ? silenceMs(config.serial?.baudRate ?? 0) : 0;
  let restUntil = 0;

  return async (asking, timeoutMs = settingsOf(config, asking.unit).timeoutMs) => {
    const wait = restUntil - performance.now();
    if (wait > 0) await timers.setTimeout(Math.ceil(wait));
    const sentAt = performance.now();
    try {
      const bytes = await device.ask(asking, timeoutMs);
      heard(asking.unit, performance.now() - sentAt);
      return bytes;
    } catch (err) {
      if (err instanceof Exception && !UNIT_AWAY.includes(err.code))
        heard(asking.unit, performance.now() - sentAt);
      throw err;
    } finally {
      const pause = Math.max(least, settingsOf(config, asking.unit).pauseMs);
      restUntil = pause > 0 ? performance.now() + pause : 0;
    }
  };
}

/** Where requests have no numbers, rules out that a late reply is taken for the answer. */
function unmistakable(ask: Ask, config: ModbusConfig): Ask {
  if (numbersRequests(config)) return ask;
  const suspect = suspicions();
  const noting: Ask = async (asking, timeoutMs) => {
    try {
      return await ask(asking, timeoutMs);
    } catch (err) {
      if (err instanceof Silence) suspect.add(asking);
      throw err;
    }
  };
  const inTurn = async (asking: Reading, timeoutMs: number | undefined): Promise<Uint8Array> => {
    await noting(suspect.before(asking), timeoutMs).catch((err: unknown) => {
      if (!(err instanceof Exception)) throw err;
    });
    suspect.clear(asking);
    return noting(asking, timeoutMs);
  };
  return async (asking, timeoutMs) => {
    if (asking.do !== 'read' || !suspect.isLate(asking)) return noting(asking, timeoutMs);
    const longer = suspect.longer(asking);
    if (longer === undefined) return inTurn(asking, timeoutMs);
    try {
      return (await noting(longer, timeoutMs)).subarray(0, dataLength(asking));
    } catch (err) {
      if (err instanceof Exception && REFUSALS.includes(err.code)) return inTurn(asking, timeoutMs);
      throw err;
    }
  };
}

/** Asks again, a bounded number of times, who says that it is busy. */
function patient(ask: Ask, { busyRetries, busyWaitMs }: ModbusConfig): Ask {
  return async (asking, timeoutMs) => {
    for (let retries = busyRetries; ; retries--) {
      try {
        return await ask(asking, timeoutMs);
      } catch (err) {
        if (retries <= 0 || !saysLater(err, asking)) throw err;
        await timers.setTimeout(busyWaitMs);
      }
    }
  };
}

/** A write that was acknowledged (exception 5) is being carried out: it must not be sent twice. */
const saysLater = (err: unknown, asking: Asking): boolean =>
  err instanceof Exception && (err.code === BUSY || (err.code === ACKNOWLEDGED && asking.do === 'read'));
