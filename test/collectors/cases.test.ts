import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ModbusAddress } from '../../collectors/modbus/address.ts';
import { decode as decodeModbus } from '../../collectors/modbus/decode.ts';
import { planRequests } from '../../collectors/modbus/plan.ts';
import { MqttAddress } from '../../collectors/mqtt/config.ts';
import { decoder as mqttDecoder } from '../../collectors/mqtt/decode.ts';
import { aPoint, aReport } from '../support/collecting.ts';

// A bug report becomes a folder: what the device sent, and what we should have made of it.
const folder = new URL('./cases/', import.meta.url);
const file = (name: string, what: string) => readFileSync(new URL(`${name}/${what}`, folder), 'utf8');
const wire = (name: string) => Buffer.from(file(name, 'wire.hex').replace(/\s/g, ''), 'hex');

const Modbus = z.strictObject({ protocol: z.literal('modbus'), addresses: z.array(ModbusAddress) });
const Mqtt = z.strictObject({
  protocol: z.literal('mqtt'),
  now: z.string(),
  topic: z.string(),
  tags: z.array(z.strictObject({ address: MqttAddress, kind: z.enum(['number', 'text']).default('number') })),
});
const Case = z.discriminatedUnion('protocol', [Modbus, Mqtt]);

function outcome(name: string): unknown {
  const given = Case.parse(parse(file(name, 'config.yaml')));
  switch (given.protocol) {
    case 'modbus': {
      const points = given.addresses.map((address, i) => aPoint(i, address));
      const [request] = planRequests(points, { maxRegisters: 125, hole: 8 });
      return decodeModbus(request!, wire(name));
    }
    case 'mqtt': {
      const { report, faults } = aReport();
      const points = given.tags.map(({ address, kind }, i) => aPoint(i, address, kind));
      const message = { topic: given.topic, payload: wire(name), at: Date.parse(given.now) };
      const readings = mqttDecoder(points, {}, report).decode({ ...message, qos: 1, retained: false });
      return { readings, faults: faults.map(({ kind }) => kind) };
    }
  }
}

test.each(readdirSync(folder))('wire case %s is read as expected', (name) => {
  expect(outcome(name)).toEqual(JSON.parse(file(name, 'expected.json')));
});
