import sparkplugPayload from 'sparkplug-payload';
import { describe, expect, test } from 'vitest';
import { decodePayload, encodePayload } from '../../../../collectors/mqtt/sparkplug/codec.ts';
import { typeName, typeNumber } from '../../../../collectors/mqtt/sparkplug/datatype.ts';
import type { Metric } from '../../../../collectors/mqtt/sparkplug/schema.ts';
import { readValue } from '../../../../collectors/mqtt/sparkplug/value.ts';

describe('against sparkplug-payload, where it is right', () => {
  const theirs = sparkplugPayload.get('spBv1.0')!;

  test('what it writes is read', () => {
    const metrics = [
      { name: 'i8', type: 'Int8' as const, value: -5, timestamp: 1_700_000_000_000 },
      { name: 'i32', type: 'Int32' as const, value: -2_000_000_000 },
      { name: 'u32', type: 'UInt32' as const, value: 4_000_000_000 },
      { name: 'f', type: 'Float' as const, value: 0.5 },
      { name: 'd', type: 'Double' as const, value: Math.PI },
      { name: 'b', type: 'Boolean' as const, value: true },
      { name: 's', type: 'String' as const, value: 'flow' },
      { name: 't', type: 'DateTime' as const, value: 1_700_000_000_000 },
    ];
    const decoded = decodePayload(theirs.encodePayload({ timestamp: 1_700_000_000_000, seq: 9, metrics }));
    expect(decoded).toMatchObject({ timestamp: 1_700_000_000_000, seq: 9 });
    expect(decoded.metrics[0]).toMatchObject({ name: 'i8', datatype: 1, timestamp: 1_700_000_000_000 });
    expect(decoded.metrics.map(({ value, datatype }) => readValue(value!, typeName(datatype)))).toEqual(
      metrics.map(({ value }) => value),
    );
  });

  test('what we write is read by it', () => {
    const metrics: Metric[] = [
      {
        name: 'i',
        alias: 3,
        datatype: typeNumber('Int32'),
        timestamp: 5,
        value: { in: 'int', value: 0xffff_fffb },
      },
      { name: 'd', datatype: typeNumber('Double'), value: { in: 'double', value: 2.5 } },
      { name: 's', datatype: typeNumber('String'), value: { in: 'string', value: 'ä' } },
    ];
    const decoded = theirs.decodePayload(encodePayload({ timestamp: 5, seq: 1, metrics }));
    expect(decoded.metrics).toMatchObject([
      { name: 'i', type: 'Int32', value: -5 },
      { name: 'd', type: 'Double', value: 2.5 },
      { name: 's', type: 'String', value: 'ä' },
    ]);
  });
});
