import { readFileSync } from 'node:fs';
import type { Option, Values } from '../../platform/cli.ts';
import { Refusal, UsageError, required } from '../../platform/cli.ts';

export interface PlantOptions {
  /** The address that both servers listen on. */
  readonly host: string;
  /** 0: the system picks one. */
  readonly opcuaPort: number;
  readonly modbusPort: number;
  readonly opcua: { readonly user: string; readonly password: string };
  readonly broker: { readonly url: string; readonly user: string; readonly password: string };
  readonly data: string;
  readonly backlogHours: number;
  readonly backlogStepS: number;
}

export const flags = {
  host: { type: 'string', default: '127.0.0.1', help: 'address both servers listen on (127.0.0.1)' },
  'opcua-port': { type: 'string', default: '4840', help: 'port of the OPC UA server (4840)' },
  'opcua-user': { type: 'string', default: 'penstock', help: 'who may connect to it (penstock)' },
  'opcua-password-file': { type: 'string', help: 'or variable PENSTOCK_SECRET_DEMO_OPCUA' },
  'modbus-port': { type: 'string', default: '5020', help: 'port of the Modbus TCP server (5020)' },
  'mqtt-url': { type: 'string', default: 'mqtt://127.0.0.1:1883', help: 'broker (mqtt://127.0.0.1:1883)' },
  'mqtt-user': { type: 'string', default: 'field', help: 'who the plant is to the broker (field)' },
  'mqtt-password-file': { type: 'string', help: 'or variable PENSTOCK_SECRET_DEMO_MQTT' },
  data: { type: 'string', default: 'data/simulate', help: 'folder of keys and progress (data/simulate)' },
  'backlog-hours': { type: 'string', default: '6', help: 'history to hand over at first (6)' },
  'backlog-step-s': { type: 'string', default: '10', help: 'seconds between its records (10)' },
} as const satisfies Record<string, Option>;

export function plantOptions(values: Values): PlantOptions {
  return {
    host: required(values, 'host'),
    opcuaPort: number(values, 'opcua-port', [0, 65_535]),
    modbusPort: number(values, 'modbus-port', [0, 65_535]),
    opcua: { user: required(values, 'opcua-user'), password: password(values, 'opcua') },
    broker: {
      url: brokerUrl(required(values, 'mqtt-url')),
      user: required(values, 'mqtt-user'),
      password: password(values, 'mqtt'),
    },
    data: required(values, 'data'),
    backlogHours: number(values, 'backlog-hours', [0, 168]),
    backlogStepS: number(values, 'backlog-step-s', [1, 3600]),
  };
}

function number(values: Values, name: string, [low, high]: readonly [number, number]): number {
  const text = required(values, name);
  const value = Number(text);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new UsageError(`--${name} must be a whole number from ${low} to ${high}, not '${text}'.`);
}

function brokerUrl(url: string): string {
  if (/^mqtts?:\/\/[^/\s@]+$/.test(url)) return url;
  throw new UsageError(`--mqtt-url must look like mqtt://host:1883, not '${url}'.`);
}

function password(values: Values, server: 'opcua' | 'mqtt'): string {
  const flag = `${server}-password-file`;
  const path = values[flag];
  const variable = `PENSTOCK_SECRET_DEMO_${server.toUpperCase()}`;
  const found = typeof path === 'string' ? readPassword(path, flag) : process.env[variable];
  if (found !== undefined && found !== '') return found;
  throw new Refusal(`There is no password for ${server}: name its file with --${flag}, or set ${variable}.`);
}

function readPassword(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (err) {
    const { message } = err as Error;
    throw new Refusal(`The password file cannot be read: ${message}. Check --${flag}.`, 1, { cause: err });
  }
}
