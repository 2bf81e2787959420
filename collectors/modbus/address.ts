import { z } from 'zod';

const types = [
  'bool',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float16',
  'float32',
  'float64',
  'bcd16',
  'bcd32',
  'string',
] as const;
export type RegisterType = (typeof types)[number];

const tables = ['holding', 'input', 'coil', 'discrete'] as const;
export type Table = (typeof tables)[number];

export const isBitTable = (table: Table): boolean => table === 'coil' || table === 'discrete';

/** How many registers a value takes. A text has two characters in each. */
export const registersOf = ({ type, length }: { type: RegisterType; length?: number | undefined }): number =>
  type === 'string' ? Math.ceil((length ?? 0) / 2) : Math.max(1, Number(/\d+/.exec(type)?.[0] ?? 16) / 16);

const orders = ['big', 'little'] as const;

export const ModbusAddress = z
  .strictObject({
    unit: z.number().int().min(0).max(255).default(1),
    register: z
      .number()
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe('As in the protocol: the first register is 0.'),
    reference: z
      .union([z.number().int().min(1), z.string().regex(/^\d{5,6}$/)])
      .optional()
      .describe(
        'As in many manuals, instead of register and table: 40001 or 400001 is the first holding register.',
      ),
    table: z.enum(tables).optional().describe('Without it: holding.'),
    health: z
      .enum(['link', 'unit', 'roundTripMs'])
      .optional()
      .describe(
        'Instead of a register: whether the line or a unit answers (1 or 0), or how long a unit takes, in ms.',
      ),
    type: z.enum(types).optional(),
    words: z
      .enum(orders)
      .default('big')
      .describe('Which register of a longer value comes first: the one with the high half, or the low one.'),
    bytes: z.enum(orders).default('big').describe('The order of the two bytes in a register.'),
    bit: z
      .number()
      .int()
      .min(0)
      .max(15)
      .optional()
      .describe('For `bool` in a register: which bit, 0 is the lowest. Without it: anything but 0 is true.'),
    length: z.number().int().min(1).max(250).optional().describe('For `string`: how many bytes.'),
    trim: z
      .enum(['end', 'both', 'none'])
      .default('end')
      .describe('For `string`: what is cut off. The text ends at its first NUL in any case.'),
    encoding: z.enum(['latin1', 'utf8']).default('latin1'),
    pollMs: z
      .number()
      .int()
      .min(10)
      .max(86_400_000)
      .optional()
      .describe('Without it: as often as the source.'),
  })
  .superRefine((address, context) => {
    for (const [path, message] of contradictions(address)) {
      context.addIssue({ code: 'custom', path: [path], message });
    }
  });
export type ModbusAddress = z.infer<typeof ModbusAddress>;

type Contradiction = [place: string, message: string];

function contradictions(address: ModbusAddress): Contradiction[] {
  const { register, reference, health } = address;
  const ways = [register, reference, health].filter((way) => way !== undefined).length;
  if (ways !== 1) {
    return [['register', 'one of register, reference and health says what is read']];
  }
  if (health !== undefined) {
    return address.type === undefined && address.table === undefined
      ? []
      : [['health', 'has neither type nor table']];
  }
  if (address.type === undefined) return [['type', `is needed: one of ${types.join(', ')}`]];
  if (reference !== undefined && address.table !== undefined) {
    return [['table', 'follows from the reference: leave one of the two away']];
  }
  const place = placeOf(address);
  if (typeof place === 'string') return [['reference', place]];
  return contradictionsAt(address, address.type, place);
}

function contradictionsAt(address: ModbusAddress, type: RegisterType, place: Place): Contradiction[] {
  const faults: Contradiction[] = [];
  const bits = isBitTable(place.table);
  if (bits && type !== 'bool') faults.push(['type', 'must be bool for a coil or a discrete input']);
  if (address.bit !== undefined && (type !== 'bool' || bits)) {
    faults.push(['bit', 'belongs to a bool in a register']);
  }
  if ((address.length === undefined) === (type === 'string')) {
    faults.push(['length', type === 'string' ? 'is needed for a string, in bytes' : 'belongs to a string']);
  }
  if (place.register + registersOf({ type, length: address.length }) > 65_536) {
    faults.push(['register', 'leaves no room for the whole value below 65536']);
  }
  return faults;
}

interface Place {
  readonly table: Table;
  readonly register: number;
}

const byDigit: Readonly<Record<string, Table>> = { 0: 'coil', 1: 'discrete', 3: 'input', 4: 'holding' };

/** The table and the register, whichever way they are written; or what is wrong with the reference. */
export function placeOf({ register, reference, table }: ModbusAddress): Place | string {
  if (reference === undefined) return { table: table ?? 'holding', register: register ?? 0 };
  const digits = typeof reference === 'string' ? reference : String(reference).padStart(5, '0');
  const found = byDigit[digits[0] ?? ''];
  const number = Number(digits.slice(1));
  if (digits.length > 6 || found === undefined) {
    return 'begins with 0 (coil), 1 (discrete input), 3 (input register) or 4 (holding register), as in 40001 or 400001';
  }
  if (number < 1 || number > 65_536)
    return 'counts from 1 to 65536 after its first digit, as in 40001 or 400001';
  return { table: found, register: number - 1 };
}

/** Each register, coil or input that an address takes up. */
export function placesOf(address: ModbusAddress): string[] {
  const place = address.health === undefined ? placeOf(address) : 'none';
  if (typeof place === 'string') return [];
  const count = registersOf({ type: address.type ?? 'uint16', length: address.length });
  return Array.from({ length: count }, (_, i) => `${address.unit} ${place.table} ${place.register + i}`);
}
