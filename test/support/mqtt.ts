import { MqttAddress } from '../../collectors/mqtt/config.ts';
import { decoder } from '../../collectors/mqtt/decode.ts';
import { aPoint, aReport } from './collecting.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

export const aMessage = (topic: string, payload: string | Uint8Array) => ({
  ...{ topic, payload: Buffer.from(payload), qos: 1 as const },
  ...{ retained: false, at: NOW },
});

export function decoded(
  payload: string | Uint8Array,
  address: Record<string, unknown> = {},
  kind: 'number' | 'text' = 'number',
) {
  const { report, faults } = aReport();
  const point = aPoint(1, MqttAddress.parse({ topic: 'a/b', ...address }), kind);
  const readings = decoder([point], {}, report).decode(aMessage('a/b', payload));
  return { readings, faults, value: readings[0]?.value, status: readings[0]?.status };
}
