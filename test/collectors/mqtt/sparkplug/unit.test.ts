import { describe, expect, test } from 'vitest';
import type { Metric } from '../../../../collectors/mqtt/sparkplug/schema.ts';
import { aHost, byAlias, double, payload } from '../../../support/sparkplug-host.ts';

test('an alias that two metrics have is told; devices may have the same ones', () => {
  const host = aHost();
  expect(host.birth(0, 0, double('twin', 1, { alias: 1 }))).toContain('fault');
  expect(host.device('DBIRTH', 'pump', payload(1, double('speed', 1, { alias: 1 })))).not.toContain('fault');
  expect(host.device('DDATA', 'pump', payload(2, byAlias(1, 8)))).toEqual(['pump:speed=8']);
});

test('historical values and those that are null say so', () => {
  const host = aHost();
  host.birth();
  const metrics = [
    { alias: 1, isHistorical: true, value: { in: 'double' as const, value: 5 } },
    { alias: 1, isNull: true },
  ];
  expect(host.send('NDATA', payload(1, ...metrics))).toEqual(['flow=5 late', 'flow=null']);
});

test('a value that its type cannot have is undefined, not another number', () => {
  const host = aHost();
  host.birth();
  expect(host.send('NDATA', payload(1, { alias: 1, value: { in: 'string', value: '5' } }))).toEqual([
    'flow=undefined',
  ]);
});

describe('templates', () => {
  const motor = (speed: number, more: Metric = {}): Metric => ({
    ...{ name: 'motor', datatype: 19 },
    value: {
      in: 'template',
      value: { templateRef: 'Motor', parameters: [], metrics: [double('speed', speed, more)] },
    },
  });

  test('are read member by member, also when only some come', () => {
    const host = aHost();
    expect(host.birth(0, 0, motor(5))).toContain('motor/speed=5');
    expect(host.send('NDATA', payload(1, motor(6, { datatype: 0 })))).toEqual(['motor/speed=6']);
  });

  test('that are definitions have no values', () => {
    const host = aHost();
    const definition = motor(5);
    (definition.value as { value: { isDefinition?: boolean } }).value.isDefinition = true;
    expect(host.birth(0, 0, definition)).toEqual(['bdSeq=0', 'flow=1']);
  });
});
