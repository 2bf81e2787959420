import { LocalizedText, NodeId, ObjectTypeIds, resolveNodeId } from 'node-opcua-client';
import type { Variant } from 'node-opcua-client';
import type { TagId } from '../../../history/reading.ts';
import type { Condition } from '../../collector.ts';
import { stableId } from '../describe.ts';
import { priorityOf } from './config.ts';
import type { AlarmsConfig } from './config.ts';
import { fieldNames } from './filter.ts';
import type { Field } from './filter.ts';

/** How a condition is spoken of to its server. */
export interface Handle {
  readonly conditionId: NodeId | null;
  readonly eventId: Buffer;
}
export type Heard =
  | { readonly type: 'condition'; readonly condition: Condition; readonly handle: Handle }
  | { readonly type: 'refresh started' | 'refresh ended' | 'refresh needed' };

/** What an event is read with. */
export interface Ear {
  readonly alarms: AlarmsConfig;
  readonly namespaces: readonly string[];
  /** The tag that collects a node, by the node's stable id. */
  readonly tagOf: (node: string) => TagId | undefined;
}

const LONGEST = 1000;
const SIGNS: Readonly<Record<string, Exclude<Heard['type'], 'condition'>>> = {
  [resolveNodeId(ObjectTypeIds.RefreshStartEventType).toString()]: 'refresh started',
  [resolveNodeId(ObjectTypeIds.RefreshEndEventType).toString()]: 'refresh ended',
  [resolveNodeId(ObjectTypeIds.RefreshRequiredEventType).toString()]: 'refresh needed',
  [resolveNodeId(ObjectTypeIds.EventQueueOverflowEventType).toString()]: 'refresh needed',
};

/** Reads the fields of an event, in the order of the filter. Undefined: it is none of a condition. */
export function heard(fields: readonly Variant[], ear: Ear, now: number): Heard | undefined {
  const field = (name: Field): unknown => fields[fieldNames.indexOf(name)]?.value as unknown;
  const type = field('eventType');
  const sign = type instanceof NodeId ? SIGNS[type.toString()] : undefined;
  if (sign !== undefined) return { type: sign };
  const eventId = field('eventId');
  const conditionId = nodeIn(field('conditionId'));
  const isCondition = conditionId !== null || typeof field('retain') === 'boolean';
  if (!isCondition || !Buffer.isBuffer(eventId)) return undefined;
  return { type: 'condition', condition: condition(field, ear, now), handle: { conditionId, eventId } };
}

type Get = (name: Field) => unknown;

function condition(field: Get, { alarms, namespaces, tagOf }: Ear, now: number): Condition {
  const idOf = (name: Field): string | undefined => {
    const node = nodeIn(field(name));
    return node === null ? undefined : stableId(node, namespaces);
  };
  const tagAt = (name: Field) => tagOf(idOf(name) ?? '');
  const severity = Math.min(1000, Math.max(1, Number(field('severity')) || 1));
  const name = textIn(field('conditionName'));
  const of = textIn(field('sourceName'));
  const [id, branch] = [idOf('conditionId') ?? `${idOf('sourceNode') ?? of} ${name}`, idOf('branchId')];
  return {
    ...(branch === undefined ? { key: id, branchOf: null } : { key: `${id} branch ${branch}`, branchOf: id }),
    ...{ name, of, severity, priority: priorityOf(severity, alarms) },
    tag: tagAt('inputNode') ?? tagAt('sourceNode') ?? null,
    message: textIn(field('message')),
    at: instantIn(field('time'), now),
    ...limited(stateOf(field, branch !== undefined), severity >= alarms.minSeverity),
    by: textIn(field('user')) || null,
    comment: textIn(field('comment')) || null,
  };
}

type State = Pick<Condition, 'state' | 'why'>;

/**
 * ISA-18.2 of the states of OPC 10000-9, 5.7 and 5.8. A condition that knows no activity counts as active for as long as
 * it is retained; one that cannot be acknowledged counts as acknowledged. A branch is of the past (5.5.2): active no
 * more. Confirmation is the server's own affair.
 */
function stateOf(field: Get, isBranch: boolean): State {
  if (field('enabled') === false) return { state: 'normal', why: 'It was disabled at the server.' };
  if (field('suppressed') === true)
    return { state: 'normal', why: 'It was suppressed or shelved at the server.' };
  const active = !isBranch && field('active') !== false;
  // No longer of interest (OPC 10000-9, 5.5.2), whatever else it is.
  if (field('retain') === false)
    return { state: 'normal', why: active ? 'The server no longer retains it.' : null };
  const acknowledged = field('acknowledged') !== false;
  if (active) return { state: acknowledged ? 'acknowledged' : 'active', why: null };
  return { state: acknowledged ? 'normal' : 'returned', why: null };
}

const limited = (state: State, isSevere: boolean): State =>
  isSevere || state.state === 'normal'
    ? state
    : { state: 'normal', why: 'Its severity fell below the least that is taken over.' };

const nodeIn = (value: unknown): NodeId | null =>
  value instanceof NodeId && !value.isEmpty() ? value : null;

/** No store takes a zero or half of a pair. */
function textIn(value: unknown): string {
  const text = value instanceof LocalizedText ? value.text : value;
  if (typeof text !== 'string') return '';
  return Buffer.from(text.slice(0, LONGEST)).toString().replaceAll('\0', '');
}

/** No alarm is of the future, and none of before there was OPC UA: then the device's clock is not worth asking. */
function instantIn(value: unknown, now: number): number {
  const at = value instanceof Date ? value.getTime() : NaN;
  return at > FIRST ? Math.min(at, now) : now;
}
const FIRST = Date.UTC(2000, 0);
