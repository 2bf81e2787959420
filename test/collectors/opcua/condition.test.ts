import fc from 'fast-check';
import { DataType, LocalizedText, NodeId, resolveNodeId, Variant } from 'node-opcua-client';
import { expect, test } from 'vitest';
import { heard } from '../../../collectors/opcua/alarms/condition.ts';
import { AlarmsConfig } from '../../../collectors/opcua/alarms/config.ts';
import { eventFilter, fieldNames } from '../../../collectors/opcua/alarms/filter.ts';
import type { Field } from '../../../collectors/opcua/alarms/filter.ts';
import type { TagId } from '../../../history/reading.ts';

const NOW = Date.UTC(2026, 4, 1);
const ear = {
  alarms: AlarmsConfig.parse({}),
  namespaces: ['http://opcfoundation.org/UA/', 'urn:me', 'urn:plc'],
  tagOf: (node: string) => (node === 'nsu=urn:plc;s=Level' ? (7 as TagId) : undefined),
};
const given: Partial<Record<Field, Variant>> = {
  eventType: new Variant({ dataType: DataType.NodeId, value: resolveNodeId('i=9341') }),
  eventId: new Variant({ dataType: DataType.ByteString, value: Buffer.from('1') }),
  conditionId: new Variant({ dataType: DataType.NodeId, value: resolveNodeId('ns=2;s=Level.Alarm') }),
  sourceNode: new Variant({ dataType: DataType.NodeId, value: resolveNodeId('ns=2;s=Level') }),
  sourceName: new Variant({ dataType: DataType.String, value: 'Level' }),
  conditionName: new Variant({ dataType: DataType.String, value: 'High' }),
  message: new Variant({
    dataType: DataType.LocalizedText,
    value: new LocalizedText({ text: 'Too\0 high' }),
  }),
  severity: new Variant({ dataType: DataType.UInt16, value: 800 }),
  time: new Variant({ dataType: DataType.DateTime, value: new Date(NOW - 5) }),
  retain: new Variant({ dataType: DataType.Boolean, value: true }),
};
const bool = (value: boolean) => new Variant({ dataType: DataType.Boolean, value });
const event = (over: Partial<Record<Field, Variant>>) =>
  heard(
    fieldNames.map((name) => ({ ...given, ...over })[name] ?? new Variant()),
    ear,
    NOW,
  );
const stateIn = (over: Partial<Record<Field, Variant>>) => {
  const one = event(over);
  return one?.type === 'condition' ? one.condition.state : undefined;
};

test('an event is read into what an operator needs, with the tag that its source node is', () => {
  expect(event({})).toMatchObject({
    type: 'condition',
    condition: {
      ...{ key: 'nsu=urn:plc;s=Level.Alarm', branchOf: null, name: 'High', of: 'Level', tag: 7 },
      ...{ message: 'Too high', severity: 800, priority: 1, at: NOW - 5, by: null, comment: null },
    },
    handle: { eventId: Buffer.from('1') },
  });
});

test.for([
  ['active', { active: bool(true), acknowledged: bool(false) }],
  ['acknowledged', { active: bool(true), acknowledged: bool(true) }],
  ['returned', { active: bool(false), acknowledged: bool(false) }],
  ['normal', { active: bool(false), acknowledged: bool(true) }],
  ['normal', { active: bool(true), acknowledged: bool(false), retain: bool(false) }],
  ['normal', { active: bool(true), suppressed: bool(true) }],
  ['normal', { enabled: bool(false), retain: new Variant() }],
  ['acknowledged', {}],
] as const)('is %s: %o', ([state, fields]) => {
  expect(stateIn(fields)).toBe(state);
});

test('a branch is of the past: it waits, or it is over', () => {
  const branchId = new Variant({ dataType: DataType.NodeId, value: resolveNodeId('ns=2;i=5') });
  const one = event({ branchId, active: bool(true), acknowledged: bool(false) });
  expect(one).toMatchObject({
    condition: { state: 'returned', branchOf: 'nsu=urn:plc;s=Level.Alarm' },
  });
  expect(stateIn({ branchId, active: bool(true), acknowledged: bool(true) })).toBe('normal');
});

test('no alarm is of the future, and none of before OPC UA', () => {
  const at = (time: number) => {
    const one = event({ time: new Variant({ dataType: DataType.DateTime, value: new Date(time) }) });
    return one?.type === 'condition' ? one.condition.at : undefined;
  };
  expect(at(NOW + 3_600_000)).toBe(NOW);
  expect(at(Date.UTC(1601, 0))).toBe(NOW);
  expect(at(NOW - 3_600_000)).toBe(NOW - 3_600_000);
});

test('events that are of no condition are none, and those of the conversation are what they are', () => {
  const type = (text: string) => new Variant({ dataType: DataType.NodeId, value: resolveNodeId(text) });
  expect(event({ conditionId: new Variant(), retain: new Variant() })).toBeUndefined();
  expect(event({ eventType: type('i=2787') })).toEqual({ type: 'refresh started' });
  expect(event({ eventType: type('i=2788') })).toEqual({ type: 'refresh ended' });
  expect(event({ eventType: type('i=2789') })).toEqual({ type: 'refresh needed' });
  expect(event({ eventType: type('i=3035') })).toEqual({ type: 'refresh needed' });
});

test('the filter asks for each field once, and its operands name only elements behind them', () => {
  const { selectClauses, whereClause } = eventFilter(true);
  expect(selectClauses).toHaveLength(fieldNames.length);
  for (const [i, { filterOperands }] of (whereClause.elements ?? []).entries())
    for (const operand of filterOperands ?? [])
      if (operand !== null && 'index' in operand) expect(operand.index).toBeGreaterThan(i);
  expect(eventFilter(false).whereClause.elements).toEqual([]);
});

test('whatever a server puts into the fields, reading them never throws, and a key is never empty', () => {
  const value = fc.oneof(
    fc.anything(),
    fc.boolean(),
    fc.date({ noInvalidDate: false }),
    fc.string().map((text) => new LocalizedText({ text })),
    fc.nat(9999).map((id) => new NodeId(NodeId.NodeIdType.NUMERIC, id, id % 5)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  const fields = fc.array(
    value.map((one) => ({ value: one }) as unknown as Variant),
    { maxLength: fieldNames.length + 2 },
  );
  fc.assert(
    fc.property(fields, (all) => {
      const one = heard(all, ear, NOW);
      if (one?.type !== 'condition') return;
      expect(one.condition.key).not.toBe('');
      expect(one.condition.at).toBeLessThanOrEqual(NOW);
      expect(JSON.stringify(one.condition)).not.toContain('\\u0000');
    }),
  );
});

test.for([
  ['priority1From', { priority1From: 500, priority2From: 501 }],
  ['priority2From', { priority2From: 100, priority3From: 251 }],
] as const)('severities that do not descend are refused at %s', ([key, alarms]) => {
  expect(AlarmsConfig.safeParse(alarms).error?.issues[0]?.path).toEqual([key]);
});
