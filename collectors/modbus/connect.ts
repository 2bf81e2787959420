import timers from 'node:timers/promises';
import { isSerial, nameOf } from './config.ts';
import type { Endpoint, ModbusConfig } from './config.ts';
import { deviceOn } from './device.ts';
import type { Device } from './device.ts';
import { Closed, messageOf } from './failures.ts';
import { ascii } from './frame/ascii.ts';
import type { Framing } from './frame/framing.ts';
import { mbapDatagrams, mbapStream } from './frame/mbap.ts';
import { rtu } from './frame/rtu.ts';
import { bitsOf, openSerial } from './wire/serial.ts';
import { openTcp } from './wire/tcp.ts';
import { openUdp } from './wire/udp.ts';
import type { Ears, Wire } from './wire/wire.ts';
import { timeLimit } from '../../platform/time-limit.ts';

/** A serial driver takes its time to open, and a name its time to be found. */
const SHORTEST_MS = 1000;

const framings: Readonly<Record<ModbusConfig['transport'], () => Framing>> = {
  tcp: mbapStream,
  udp: mbapDatagrams,
  rtu,
  ascii,
  'rtu-over-tcp': rtu,
  'ascii-over-tcp': ascii,
};

/** Opens the connection. It is never opened twice: after a loss, ask for a new device. */
export async function connect(
  config: ModbusConfig,
  endpoint: Endpoint,
  stray: (what: string) => void,
  signal: AbortSignal,
): Promise<Device> {
  const limitMs = Math.max(config.timeoutMs, isSerial(config) ? SHORTEST_MS : 0);
  const within = timeLimit(limitMs, signal);
  const open = (ears: Ears): Promise<Wire> => {
    if ('serial' in endpoint) return openSerial(bitsOf(endpoint.serial, config.transport), ears, within);
    return (config.transport === 'udp' ? openUdp : openTcp)(endpoint, ears, within);
  };
  try {
    const device = await deviceOn(open, framings[config.transport](), { stray });
    if (config.connectPauseMs > 0) {
      await timers.setTimeout(config.connectPauseMs, undefined, { signal }).catch(() => undefined);
    }
    if (!signal.aborted) return device;
    await device[Symbol.asyncDispose]();
    throw new Closed('It was called off.');
  } catch (err) {
    signal.throwIfAborted();
    const why = within.aborted ? `no answer within ${limitMs} ms` : messageOf(err);
    throw new Closed(`Cannot connect to ${nameOf(endpoint)}: ${why}`, { cause: err });
  }
}
