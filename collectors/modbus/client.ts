import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import type { Socket } from 'node:net';
import ModbusRTU from 'modbus-serial';
import type { ModbusConfig } from './config.ts';
import type { Request } from './plan.ts';

/** The device answered, but with an exception (Modbus Application Protocol V1.1b3, section 7). */
export class Exception extends Error {
  override name = 'Exception';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
/** Nothing came within the time-out. */
export class Silence extends Error {
  override name = 'Silence';
}
/** What came is no answer to what was asked. */
export class Garbled extends Error {
  override name = 'Garbled';
}
/** The connection is gone. */
class Closed extends Error {
  override name = 'Closed';
}

export interface Device extends AsyncDisposable {
  /** The data bytes of the reply. One call at a time: the library mixes up answers above 256 in flight. */
  read(request: Request): Promise<Uint8Array>;
}

type Client = InstanceType<typeof ModbusRTU.default>;
type Connection = Pick<ModbusConfig, 'host' | 'port' | 'timeoutMs'>;

/** Opens the connection. It is never opened twice: after a loss, ask for a new device. */
export async function connect({ host, port, timeoutMs }: Connection, signal: AbortSignal): Promise<Device> {
  const socket = await open(host, port, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])).catch(
    (err: unknown) => {
      signal.throwIfAborted();
      throw new Closed(`Cannot connect to ${host}:${port} within ${timeoutMs} ms: ${reason(err)}`, {
        cause: err,
      });
    },
  );
  const modbus = new ModbusRTU.default();
  modbus.setTimeout(timeoutMs);
  await modbus.linkTCP(socket, { port });

  // The library leaves a request waiting for its time-out when the peer hangs up.
  const closed = new Promise<never>((_, reject) => {
    socket.once('close', () => reject(new Closed(`${host}:${port} closed the connection.`)));
  });
  closed.catch(() => undefined);

  return {
    read: (request) => Promise.race([closed, readOne(modbus, request)]),
    [Symbol.asyncDispose]: () => {
      socket.destroy();
      return Promise.resolve();
    },
  };
}

async function open(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connectSocket({ host, port, keepAlive: true, noDelay: true });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (err) {
    socket.on('error', () => undefined).destroy();
    throw err;
  }
}

const reason = (err: unknown): string =>
  err instanceof Error ? (err.name === 'AbortError' ? 'no answer' : err.message) : String(err);

/** The unit goes with the call: `setID` would be state that another reader changes. */
function readOne(modbus: Client, { unit, table, start, count }: Request): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const done = (err: NodeJS.ErrnoException | null, reply?: { buffer: Buffer }) => {
      if (err !== null) reject(translated(err));
      else if (reply !== undefined) resolve(reply.buffer);
    };
    if (table === 'coil') modbus.writeFC1(unit, start, count, done);
    else if (table === 'discrete') modbus.writeFC2(unit, start, count, done);
    else if (table === 'holding') modbus.writeFC3(unit, start, count, done);
    else modbus.writeFC4(unit, start, count, done);
  });
}

function translated(err: NodeJS.ErrnoException & { modbusCode?: number }): Error {
  if (err.modbusCode !== undefined) return new Exception(err.modbusCode, err.message);
  if (err.name === 'TransactionTimedOutError') return new Silence('No answer in time.');
  if (err.name === 'PortNotOpenError') return new Closed('The connection is closed.');
  return new Garbled(err.message, { cause: err });
}
