import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { TestStep } from '../collector.ts';
import { reading } from './ask.ts';
import { isSerial, nameOf, endpoints } from './config.ts';
import type { Endpoint, ModbusConfig } from './config.ts';
import { connect } from './connect.ts';
import { decode } from './decode.ts';
import { Exception, messageOf, REFUSALS, Silence, UNIT_AWAY } from './failures.ts';
import { lineOn } from './line.ts';
import type { Line } from './line.ts';
import { where } from './plan.ts';
import type { Request } from './plan.ts';
import type { Spot } from './spot.ts';
import { timeLimit } from '../../platform/time-limit.ts';

const LONGEST_MS = 12_000;
/** So many points are read, each by itself. */
const MOST_SAMPLES = 20;

/** A step that failed: nothing after it can be tried. */
class Failed extends Error {
  override name = 'Failed';
  readonly step: TestStep;
  constructor(what: string, detail: string, remedy: string) {
    super(detail);
    this.step = { what, ok: false, detail, remedy };
  }
}

/** Opens a connection of its own, asks each unit for something, and reads the first points one by one. */
export async function tryOut(
  config: ModbusConfig,
  spots: readonly Spot[],
  signal: AbortSignal,
): Promise<TestStep[]> {
  const steps: TestStep[] = [];
  const within = timeLimit(LONGEST_MS, signal);
  try {
    const [endpoint] = endpoints(config);
    await findName(endpoint, steps);
    await using device = await opened(config, endpoint, within);
    steps.push({ what: 'Connect', ok: true, detail: nameOf(endpoint) });
    const line = lineOn(device, config, () => undefined);
    const until = new Promise<never>((_, reject) => {
      within.addEventListener('abort', () =>
        reject(
          new Failed(
            'Read',
            'The test took too long.',
            'Try fewer units and tags at once, or a shorter timeoutMs.',
          ),
        ),
      );
    });
    await Promise.race([
      until,
      (async () => {
        await eachUnit(line, spots, steps);
        for (const spot of spots.slice(0, MOST_SAMPLES)) steps.push(await sample(line, spot));
      })(),
    ]);
  } catch (err) {
    if (!(err instanceof Failed)) throw err;
    steps.push(err.step);
  }
  return steps;
}

async function findName(endpoint: Endpoint, steps: TestStep[]): Promise<void> {
  if ('serial' in endpoint || isIP(endpoint.host) !== 0) return;
  try {
    const { address } = await lookup(endpoint.host);
    steps.push({ what: 'Find the name', ok: true, detail: `${endpoint.host} is ${address}` });
  } catch (err) {
    throw new Failed(
      'Find the name',
      `${endpoint.host} is not known: ${messageOf(err)}`,
      'Check the spelling, or give the IP address of the device.',
    );
  }
}

async function opened(config: ModbusConfig, endpoint: Endpoint, signal: AbortSignal) {
  try {
    return await connect(config, endpoint, () => undefined, signal);
  } catch (err) {
    throw new Failed('Connect', messageOf(err), connectRemedy(config, messageOf(err)));
  }
}

function connectRemedy(config: ModbusConfig, message: string): string {
  if (isSerial(config))
    return 'Look for the adapter with `ls -l /dev/serial/by-id`, and stop the source that has the line.';
  if (message.includes('ECONNREFUSED'))
    return 'The host is there, but nothing listens at this port: check the port (usually 502) and that Modbus is switched on.';
  if (message.includes('UNREACH'))
    return 'There is no way to this address: check it, the network mask and the gateway of the network.';
  return 'Check the address, the cable and any firewall in between. Some devices take only one connection: close the others.';
}

async function eachUnit(line: Line, spots: readonly Spot[], steps: TestStep[]): Promise<void> {
  const firsts = new Map(spots.map((spot) => [spot.unit, requestFor(spot)] as const).reverse());
  if (firsts.size === 0) firsts.set(1, { unit: 1, table: 'holding', start: 0, count: 1, spots: [] });
  for (const [unit, request] of [...firsts].sort(([a], [b]) => a - b)) {
    const what = `Ask unit ${unit}`;
    const began = performance.now();
    try {
      await line.ask(reading(request));
    } catch (err) {
      const answered = err instanceof Exception && !UNIT_AWAY.includes(err.code);
      if (!answered) throw new Failed(what, messageOf(err), unitRemedy(err));
    }
    const ms = Math.round(performance.now() - began);
    steps.push({ what, ok: true, detail: `It answers, after ${ms} ms.` });
  }
}

const requestFor = (spot: Spot): Request => ({ ...spot, start: spot.register, spots: [spot] });

function unitRemedy(err: unknown): string {
  if (err instanceof Exception)
    return 'A gateway answered for the unit: check that the device behind it is on, and its number.';
  return err instanceof Silence
    ? 'Check the unit number, and on a serial line the baud rate, parity, stop bits and the two wires. A slow device needs a longer timeoutMs.'
    : 'What answers may not speak this transport: check tcp against rtu-over-tcp, and that no other master is on the line.';
}

async function sample(line: Line, spot: Spot): Promise<TestStep> {
  const request = requestFor(spot);
  const what = `Read ${spot.point.name}`;
  try {
    const bytes = await line.ask(reading(request));
    const [value] = decode(request, bytes);
    if (value !== null)
      return { what, ok: true, detail: `${where(request)}: ${hex(bytes)} is ${value ?? 'nothing'}` };
    throw new Failed(
      what,
      `${where(request)}: ${hex(bytes)} is no ${spot.type}.`,
      'Check type, word order and byte order.',
    );
  } catch (err) {
    if (err instanceof Failed) throw err;
    const refused = err instanceof Exception && REFUSALS.includes(err.code);
    throw new Failed(
      what,
      `${where(request)}: ${messageOf(err)}`,
      refused
        ? 'Check table and register against the device manual: here registers count from 0, and 40001 is the register 0.'
        : 'Try again; if it stays so, look at the device.',
    );
  }
}

/** Registers as in manuals: two bytes together. */
export const hex = (bytes: Uint8Array): string =>
  (
    Buffer.from(bytes)
      .toString('hex')
      .match(/.{1,4}/g) ?? []
  )
    .map((digits) => `0x${digits}`)
    .join(' ');
