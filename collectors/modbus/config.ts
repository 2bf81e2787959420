import { z } from 'zod';

const milliseconds = (least: number, most: number) => z.number().int().min(least).max(most);
const port = z.number().int().min(1).max(65_535).default(502);

/** Modbus over Serial Line V1.02: 19200 baud and even parity are the defaults that each device must have. */
const SerialLine = z.strictObject({
  path: z.string().min(1),
  baudRate: z.number().int().min(110).max(4_000_000).default(19_200),
  parity: z.enum(['none', 'even', 'odd']).default('even'),
  dataBits: z
    .union([z.literal(7), z.literal(8)])
    .optional()
    .describe('Without it 8, or 7 for ASCII.'),
  stopBits: z
    .union([z.literal(1), z.literal(2)])
    .optional()
    .describe('Without it 1, or 2 where there is no parity.'),
});
export type SerialLine = z.infer<typeof SerialLine>;

/** What may differ from unit to unit. */
const UnitSettings = z.strictObject({
  timeoutMs: milliseconds(50, 60_000).optional(),
  maxRegisters: z.number().int().min(1).max(125).optional(),
  hole: z.number().int().min(0).max(124).optional(),
  pauseMs: milliseconds(0, 10_000).optional(),
});

const unitNumber = z.string().regex(/^(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/, 'must be a unit from 0 to 255');

export const ModbusConfig = z
  .strictObject({
    transport: z.enum(['tcp', 'udp', 'rtu', 'ascii', 'rtu-over-tcp', 'ascii-over-tcp']).default('tcp'),
    host: z.string().min(1).optional().describe('For all but `rtu` and `ascii`, which have `serial`.'),
    port,
    serial: SerialLine.optional(),
    backup: z
      .strictObject({ host: z.string().min(1), port })
      .optional()
      .describe('Used while the first does not answer, and left as soon as that does again.'),
    pollMs: milliseconds(10, 86_400_000).default(1000),
    timeoutMs: milliseconds(50, 60_000).default(1000).describe('How long one request may take.'),
    maxRegisters: z
      .number()
      .int()
      .min(1)
      .max(125)
      .default(125)
      .describe('Some devices answer less than the 125 registers the protocol allows.'),
    hole: z
      .number()
      .int()
      .min(0)
      .max(124)
      .default(8)
      .describe('So many unused registers may be read along when that saves a request.'),
    pauseMs: milliseconds(0, 10_000)
      .default(0)
      .describe(
        'From an answer to the next request. A serial line has at least the silence of 3.5 characters.',
      ),
    connectPauseMs: milliseconds(0, 60_000)
      .default(0)
      .describe('From the opening of the connection to the first request.'),
    busyRetries: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(2)
      .describe('How often a device that says "busy" or "later" is asked once more, and after how long.'),
    busyWaitMs: milliseconds(10, 10_000).default(100),
    units: z
      .record(unitNumber, UnitSettings)
      .default({})
      .describe('By unit number, as in `units: { 3: { timeoutMs: 3000 } }`.'),
    writeFunction: z
      .enum(['auto', 'single', 'multiple'])
      .default('auto')
      .describe(
        'Whether one register or coil is written by FC5 and FC6, or by FC15 and FC16. `auto`: by what the device takes.',
      ),
  })
  .superRefine((config, context) => {
    for (const [path, message] of contradictions(config)) {
      context.addIssue({ code: 'custom', path: [path], message });
    }
  });
export type ModbusConfig = z.infer<typeof ModbusConfig>;
export type Transport = ModbusConfig['transport'];

interface Ways {
  readonly transport: Transport;
  readonly host?: string | undefined;
  readonly serial?: SerialLine | undefined;
  readonly backup?: unknown;
}

/** Whether the transport is a serial port of this machine. */
export const isSerial = ({ transport }: Pick<ModbusConfig, 'transport'>): boolean =>
  transport === 'rtu' || transport === 'ascii';

/** Neither RTU nor ASCII numbers its requests: which answer belongs to which is not in the frame. */
export const numbersRequests = ({ transport }: Pick<ModbusConfig, 'transport'>): boolean =>
  transport === 'tcp' || transport === 'udp';

function contradictions(config: Ways): [string, string][] {
  const { transport, host, serial, backup } = config;
  if (!isSerial(config)) {
    const faults: [string, string][] = [];
    if (host === undefined) faults.push(['host', `is needed for ${transport}`]);
    if (serial !== undefined)
      faults.push(['serial', `belongs to the transports rtu and ascii, not to ${transport}`]);
    return faults;
  }
  const faults: [string, string][] = [];
  if (serial === undefined)
    faults.push(['serial', `is needed for ${transport}, as in serial: { path: /dev/ttyUSB0 }`]);
  if (host !== undefined)
    faults.push(['host', `belongs to the transports over the network, not to ${transport}`]);
  if (backup !== undefined) faults.push(['backup', 'belongs to the transports over the network']);
  if (transport === 'rtu' && serial?.dataBits === 7) faults.push(['serial', 'dataBits must be 8 for rtu']);
  return faults;
}

/** What holds for one unit: its own settings before those of the source. */
export function settingsOf(config: ModbusConfig, unit: number) {
  const own = config.units[String(unit)];
  return {
    timeoutMs: own?.timeoutMs ?? config.timeoutMs,
    pauseMs: own?.pauseMs ?? config.pauseMs,
  };
}

/** Where to connect. A serial line has no backup. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly serial: SerialLine };

/** The endpoints in the order of preference. */
export function endpoints({ host, port, serial, backup }: ModbusConfig): [Endpoint, ...Endpoint[]] {
  const first = serial === undefined ? { host: host ?? '', port } : { serial };
  return backup === undefined ? [first] : [first, backup];
}

export const nameOf = (endpoint: Endpoint): string =>
  'serial' in endpoint ? endpoint.serial.path : `${endpoint.host}:${endpoint.port}`;

export function endpoint(config: ModbusConfig): string {
  const scheme = config.transport === 'tcp' ? 'modbus' : `modbus-${config.transport}`;
  return `${scheme}://${nameOf(endpoints(config)[0])}`;
}
