import { z } from 'zod';

export const ModbusConfig = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).default(502),
  pollMs: z.number().int().min(10).max(86_400_000).default(1000),
  /** How long one request may take. */
  timeoutMs: z.number().int().min(50).max(60_000).default(1000),
  /** Some devices answer less than the 125 registers the protocol allows. */
  maxRegisters: z.number().int().min(1).max(125).default(125),
  /** So many unused registers may be read along when that saves a request. */
  hole: z.number().int().min(0).max(124).default(8),
});
export type ModbusConfig = z.infer<typeof ModbusConfig>;

const types = [
  'bool',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float32',
  'float64',
] as const;
export type RegisterType = (typeof types)[number];

/** How many registers a value takes. */
export const registersOf = (type: RegisterType): number =>
  Math.max(1, Number(/\d+/.exec(type)?.[0] ?? 16) / 16);

export const ModbusAddress = z
  .strictObject({
    unit: z.number().int().min(0).max(255).default(1),
    /** As in the protocol: the first register is 0. */
    register: z.number().int().min(0).max(65_535),
    table: z.enum(['holding', 'input', 'coil', 'discrete']).default('holding'),
    type: z.enum(types),
    /** Which register of a longer value comes first: the one with the high half, or the low one. */
    words: z.enum(['big', 'little']).default('big'),
    /** The order of the two bytes in a register. */
    bytes: z.enum(['big', 'little']).default('big'),
    /** For `bool` in a register: which bit, 0 is the lowest. Without it: anything but 0 is true. */
    bit: z.number().int().min(0).max(15).optional(),
  })
  .refine((address) => !isBitTable(address.table) || address.type === 'bool', {
    path: ['type'],
    message: 'must be bool for a coil or a discrete input',
  })
  .refine((address) => address.bit === undefined || (address.type === 'bool' && !isBitTable(address.table)), {
    path: ['bit'],
    message: 'belongs to a bool in a register',
  })
  .refine((address) => address.register + registersOf(address.type) <= 65_536, {
    path: ['register'],
    message: 'leaves no room for the whole value below 65536',
  });
export type ModbusAddress = z.infer<typeof ModbusAddress>;

export const isBitTable = (table: 'holding' | 'input' | 'coil' | 'discrete'): boolean =>
  table === 'coil' || table === 'discrete';

export const endpoint = (config: ModbusConfig): string => `modbus://${config.host}:${config.port}`;
