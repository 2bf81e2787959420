import ModbusRTU from 'modbus-serial';
import type { Table } from './address.ts';
import { Closed, Exception, Garbled, messageOf, Silence } from './failures.ts';
import type { Framing } from './frame/framing.ts';
import { libraryPort } from './port.ts';
import type { Ears, Wire } from './wire/wire.ts';

/** What a device can be asked for. */
export type Asking =
  | {
      readonly do: 'read';
      readonly unit: number;
      readonly table: Table;
      readonly start: number;
      readonly count: number;
    }
  | {
      readonly do: 'coil';
      readonly unit: number;
      readonly start: number;
      readonly on: boolean;
      readonly single: boolean;
    }
  | {
      readonly do: 'registers';
      readonly unit: number;
      readonly start: number;
      readonly registers: readonly number[];
      readonly single: boolean;
    }
  | {
      readonly do: 'mask';
      readonly unit: number;
      readonly start: number;
      readonly and: number;
      readonly or: number;
    };

export interface Device extends AsyncDisposable {
  /**
   * The data bytes of a read's reply; none for a write. One call at a time: the library mixes up what is in flight.
   * Rejects with Exception, Silence, Garbled or Closed.
   */
  ask(asking: Asking, timeoutMs: number): Promise<Uint8Array>;
  /** Why the device is of no use any more. */
  readonly gone: Error | undefined;
}

interface Reporter {
  /** A frame was thrown away. */
  stray(what: string): void;
}

const NOTHING = new Uint8Array(0);

/** Makes a device of an open wire. */
export async function deviceOn(
  open: (ears: Ears) => Promise<Wire>,
  framing: Framing,
  reporter: Reporter,
): Promise<Device> {
  const flight = inFlight();
  let noise: string | undefined;

  const { port, take } = libraryPort(framing, {
    send: (bytes) => wire.send(bytes),
    garbled: (why) => flight.fail(new Garbled(`It answered with something else: ${why}`)),
    broken: (what) => flight.end(new Closed(`The stream makes no sense any more: ${what}.`)),
    stray(what) {
      noise = what;
      reporter.stray(what);
    },
  });
  const wire = await open({ heard: take, ended: (why) => flight.end(new Closed(why)) });
  const modbus = new ModbusRTU.default(port);
  modbus.open(() => undefined);

  return {
    get gone() {
      return flight.gone;
    },
    ask(asking, timeoutMs) {
      if (framing.torn) flight.end(new Closed('The stream stopped within a frame.'));
      noise = undefined;
      return flight.start((done) => {
        modbus.setTimeout(timeoutMs);
        call(modbus, asking, (err, reply) => {
          if (err === null) done(dataOf(reply));
          else done(translated(err, timeoutMs, noise));
        });
      });
    },
    async [Symbol.asyncDispose]() {
      flight.end(new Closed('The connection was closed by us.'));
      await wire[Symbol.asyncDispose]();
    },
  };
}

/** The request in flight. Not a race against a promise that stays: each race would leave something behind there. */
function inFlight() {
  let gone: Error | undefined;
  let settle: ((outcome: Uint8Array | Error) => void) | undefined;
  return {
    get gone() {
      return gone;
    },
    fail: (err: Error): void => settle?.(err),
    end: (err: Error): void => {
      gone ??= err;
      settle?.(gone);
    },
    start: (send: (done: (outcome: Uint8Array | Error) => void) => void): Promise<Uint8Array> =>
      new Promise((resolve, reject) => {
        if (gone !== undefined) {
          reject(gone);
          return;
        }
        // Who calls late, as the time-out of a request that has failed otherwise, settles nothing.
        const mine = (outcome: Uint8Array | Error) => {
          if (settle === mine) settle = undefined;
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        };
        settle = mine;
        send(mine);
      }),
  };
}

type Client = InstanceType<typeof ModbusRTU.default>;
type Done = (err: NodeJS.ErrnoException | null, reply?: object) => void;

const dataOf = (reply: object | undefined): Uint8Array =>
  reply !== undefined && 'buffer' in reply && reply.buffer instanceof Uint8Array ? reply.buffer : NOTHING;

/** The unit goes with the call: `setID` would be state that another reader changes. */
function call(modbus: Client, asking: Asking, done: Done): void {
  const { unit, start } = asking;
  switch (asking.do) {
    case 'read': {
      readTable(modbus, asking, done);
      return;
    }
    case 'coil':
      if (asking.single) {
        modbus.writeFC5(unit, start, asking.on, done);
        return;
      }
      {
        modbus.writeFC15(unit, start, [asking.on], done);
        return;
      }
    case 'registers':
      if (asking.single) {
        modbus.writeFC6(unit, start, asking.registers[0] ?? 0, done);
        return;
      }
      {
        modbus.writeFC16(unit, start, [...asking.registers], done);
        return;
      }
    case 'mask': {
      modbus.writeFC22(unit, start, asking.and, asking.or, done);
      return;
    }
  }
}

function readTable(modbus: Client, asking: Asking & { do: 'read' }, done: Done): void {
  const { unit, table, start, count } = asking;
  switch (table) {
    case 'coil': {
      modbus.writeFC1(unit, start, count, done);
      return;
    }
    case 'discrete': {
      modbus.writeFC2(unit, start, count, done);
      return;
    }
    case 'holding': {
      modbus.writeFC3(unit, start, count, done);
      return;
    }
    case 'input': {
      modbus.writeFC4(unit, start, count, done);
      return;
    }
  }
}

function translated(
  err: NodeJS.ErrnoException & { modbusCode?: number },
  timeoutMs: number,
  noise: string | undefined,
): Error {
  if (err.modbusCode !== undefined) return new Exception(err.modbusCode, err.message);
  if (err.name !== 'TransactionTimedOutError') return new Garbled(messageOf(err), { cause: err });
  if (noise !== undefined) return new Garbled(`No answer within ${timeoutMs} ms, only ${noise}`);
  return new Silence(`No answer within ${timeoutMs} ms.`);
}
