import type { ZodType } from 'zod';
import type { Protocol } from './collector.ts';
import { ModbusAddress, placesOf } from './modbus/address.ts';
import * as modbus from './modbus/config.ts';
import * as files from './files/config.ts';
import * as http from './http/config.ts';
import * as mqtt from './mqtt/config.ts';
import * as opcua from './opcua/config.ts';

interface Place {
  readonly host: string;
  readonly port: number;
}

/** What can be known about a protocol without loading its library. */
export interface Schemas {
  readonly config: ZodType;
  readonly address: ZodType;
  /** Where a config may name a secret: `*` is any key. The driver shows to nobody what stands there. */
  readonly secrets?: readonly string[];
  /** Where a source is, without secrets. Takes a parsed config. */
  endpoint(config: unknown): string;
  /** How often a healthy source shows a sign of life. Takes a parsed config. */
  contactMs(config: unknown): number;
  /** What of the device an address takes up, where addresses may overlap. Takes a parsed address. */
  places?(address: unknown): readonly string[];
  /** Where alarms of the device itself are taken over: to which area, if one is named. Takes a parsed config. */
  alarms?(config: unknown): { readonly area?: string | undefined } | undefined;
  /** Where it waits for devices to come. Takes a parsed config. */
  listens?(config: unknown): readonly Place[];
  /** Where its driver runs: in a worker thread unless its library crashes there. Takes a parsed config. */
  home?(config: unknown): 'thread' | 'process';
}
export type ProtocolName = 'opcua' | 'modbus' | 'mqtt' | 'files' | 'http';

export const schemas: Readonly<Record<ProtocolName, Schemas>> = {
  opcua: {
    config: opcua.OpcuaConfig,
    address: opcua.OpcuaAddress,
    secrets: ['password', 'userKey'],
    endpoint: (config: opcua.OpcuaConfig) => opcua.endpoint(config),
    contactMs: (config: opcua.OpcuaConfig) => opcua.keepAliveMs(config),
    alarms: (config: opcua.OpcuaConfig) => config.alarms,
  },
  modbus: {
    config: modbus.ModbusConfig,
    address: ModbusAddress,
    places: (address: ModbusAddress) => placesOf(address),
    endpoint: (config: modbus.ModbusConfig) => modbus.endpoint(config),
    contactMs: (config: modbus.ModbusConfig) => config.pollMs,
    home: (config: modbus.ModbusConfig) => (modbus.isSerial(config) ? 'process' : 'thread'),
  },
  mqtt: {
    config: mqtt.MqttConfig,
    address: mqtt.MqttAddress,
    secrets: ['broker.users.*.password', 'client.password'],
    endpoint: (config: mqtt.MqttConfig) => mqtt.endpoint(config),
    contactMs: (config: mqtt.MqttConfig) => mqtt.contactMs(config),
    listens: (config: mqtt.MqttConfig) => mqtt.listens(config),
  },
  files: {
    config: files.FilesConfig,
    address: files.FilesAddress,
    endpoint: (config: files.FilesConfig) => files.endpoint(config),
    contactMs: (config: files.FilesConfig) => config.pollMs,
  },
  http: {
    config: http.HttpConfig,
    address: http.HttpAddress,
    secrets: [
      ...['header', 'basic', 'oauth2'].map((way) => `auth.${way}.password`),
      ...['headers.*', 'requests.*.query.*', 'auth.oauth2.parameters.*'],
    ],
    endpoint: (config: http.HttpConfig) => http.endpoint(config),
    contactMs: (config: http.HttpConfig) => http.contactMs(config),
  },
};

/** Loads a protocol with its library: in a worker thread, which then holds no other. */
export async function load(name: ProtocolName): Promise<Protocol<unknown, unknown>> {
  switch (name) {
    case 'opcua':
      return (await import('./opcua/opcua.ts')).opcua;
    case 'modbus':
      return (await import('./modbus/modbus.ts')).modbus;
    case 'mqtt':
      return (await import('./mqtt/mqtt.ts')).mqtt;
    case 'files':
      return (await import('./files/files.ts')).files;
    case 'http':
      return (await import('./http/http.ts')).http;
  }
}
