import { Refusal } from '../../platform/cli.ts';
import type { PlantOptions } from './config.ts';
import { serveModbus } from './modbus.ts';
import { serveOpcua } from './opcua.ts';
import { replay } from './process.ts';
import { readRecords } from './records.ts';
import { registersOf } from './registers.ts';
import { seconds } from './seconds.ts';
import type { Say } from './telemetry.ts';
import { telemetry } from './telemetry.ts';

/** The ports that are listened on, once both servers are ready. */
export interface Ports {
  readonly opcua: number;
  readonly modbus: number;
}

/** Runs the demo plant until `signal` aborts: three devices that measure one replayed process. */
export async function runPlant(
  options: PlantOptions,
  say: Say,
  signal: AbortSignal,
  ready: (ports: Ports) => void = () => undefined,
): Promise<void> {
  const { host, opcuaPort, modbusPort, data } = options;
  const plant = replay(await readRecords());
  await using modbus = await listening('modbus', modbusPort, () =>
    serveModbus(registersOf(plant), host, modbusPort),
  );
  say(`Modbus TCP: separator, stripper and compressor at ${host}:${modbus.port}, unit 1.`);
  await using opcua = await listening('opcua', opcuaPort, () =>
    serveOpcua(plant, { host, port: opcuaPort, ...options.opcua, folder: data }),
  );
  say(`OPC UA: feed and reactor at opc.tcp://${host}:${opcua.port}, user ${options.opcua.user}.`);

  const field = telemetry(plant, { ...options, folder: data }, say);
  const delivered = field.run(signal);
  say(`MQTT: analysers publish to ${options.broker.url}, user ${options.broker.user}.`);
  ready({ opcua: opcua.port, modbus: modbus.port });
  const measured = (async () => {
    for await (const at of seconds(signal)) {
      opcua.show(at);
      field.measure(at);
    }
  })();
  await Promise.all([delivered, measured]);
}

/** Says what to do where a server cannot have its port. */
async function listening<Server>(name: 'opcua' | 'modbus', port: number, start: () => Promise<Server>) {
  try {
    return await start();
  } catch (err) {
    const text = err instanceof Error ? err.message : String(err);
    if (!/EADDRINUSE|EACCES|EADDRNOTAVAIL/.test(`${text} ${(err as NodeJS.ErrnoException).code ?? ''}`))
      throw err;
    const why = text.includes('EADDRINUSE')
      ? `Port ${port} is in use`
      : `Port ${port} cannot be opened (${text})`;
    throw new Refusal(`${why}: end the program that holds it, or choose another with --${name}-port.`, 1, {
      cause: err,
    });
  }
}
