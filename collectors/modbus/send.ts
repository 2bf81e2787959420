import type { ModbusConfig } from './config.ts';
import type { Encoded } from './encode.ts';
import { Exception, ILLEGAL_FUNCTION, Silence } from './failures.ts';
import type { Ask } from './line.ts';
import type { Spot } from './spot.ts';

type Bit = Encoded & { readonly type: 'bit' };
type Registers = Encoded & { readonly type: 'registers' };

/** Sends a value with the function that fits, and that the device has. */
export function sender(config: ModbusConfig) {
  /** Units that do not have the function 22. */
  const maskless = new Set<number>();

  /** FC5 or FC6, or FC15 or FC16: some devices have only one of the two. */
  const eitherWay = async (write: (single: boolean) => Promise<unknown>): Promise<void> => {
    const single = config.writeFunction !== 'multiple';
    try {
      await write(single);
    } catch (err) {
      if (config.writeFunction !== 'auto' || !lacksFunction(err)) throw err;
      await write(!single);
    }
  };

  const registers = async (spot: Spot, { registers: values }: Registers, ask: Ask): Promise<void> => {
    const { unit, register: start } = spot;
    const write = (single: boolean) => ask({ do: 'registers', unit, start, registers: values, single });
    if (values.length > 1) await write(false);
    else await eitherWay(write);
  };

  /** The other bits of the register stay as they are: by the device itself, or else by reading them just before. */
  const bitInRegister = async (spot: Spot, { on }: Bit, ask: Ask): Promise<void> => {
    const { unit, register: start } = spot;
    const mask = 1 << rawBit(spot);
    if (!maskless.has(unit)) {
      try {
        await ask({ do: 'mask', unit, start, and: 0xffff & ~mask, or: on ? mask : 0 });
        return;
      } catch (err) {
        if (lacksFunction(err) || err instanceof Silence) maskless.add(unit);
        if (!lacksFunction(err)) throw err;
      }
    }
    const bytes = await ask({ do: 'read', unit, table: 'holding', start, count: 1 });
    const now = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    await registers(spot, { type: 'registers', registers: [on ? now | mask : now & ~mask] }, ask);
  };

  return async (spot: Spot, encoded: Bit | Registers, ask: Ask): Promise<void> => {
    if (encoded.type === 'registers') return registers(spot, encoded, ask);
    if (spot.table !== 'coil') return bitInRegister(spot, encoded, ask);
    const { unit, register: start } = spot;
    return eitherWay((single) => ask({ do: 'coil', unit, start, on: encoded.on, single }));
  };
}

const lacksFunction = (err: unknown): boolean => err instanceof Exception && err.code === ILLEGAL_FUNCTION;

/** Where the two bytes of a register are turned around, so are the bits. */
const rawBit = ({ point: { address } }: Spot): number =>
  address.bytes === 'little' ? (address.bit ?? 0) ^ 8 : (address.bit ?? 0);
