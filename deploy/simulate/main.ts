import type { Command } from '../../platform/cli.ts';
import { flags, plantOptions } from './config.ts';
import { runPlant } from './plant.ts';

export const simulate: Command = {
  name: 'simulate',
  summary: 'Runs the demo plant: Tennessee Eastman process records, served by OPC UA, Modbus TCP and MQTT.',
  options: flags,
  async run(values) {
    const stop = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
    await runPlant(plantOptions(values), (line) => void process.stdout.write(`${line}\n`), stop.signal);
  },
};
