import type { WriteOrder } from '../../collector.ts';
import { numberIn } from '../../value.ts';
import type { Outgoing } from '../message.ts';
import { encodePayload } from './codec.ts';
import type { SparkplugAddress } from './config.ts';
import { typeNumber } from './datatype.ts';
import { nodeTopic } from './topic.ts';
import type { Definition, Unit } from './unit.ts';
import { readValue, writeValue } from './value.ts';
import type { Value } from './value.ts';

export const REBIRTH = 'Node Control/Rebirth';

/** Asks a node for all its births: always by name, since it may be aliases that are amiss. */
export function rebirthCommand(place: string, now: number): Outgoing {
  const metric = {
    ...{ name: REBIRTH, timestamp: now, datatype: typeNumber('Boolean') },
    value: { in: 'boolean' as const, value: true },
  };
  return command(place, encodePayload({ timestamp: now, metrics: [metric] }));
}

/** A write as a command, and the value that a data message must then show. Or why it cannot be. */
export function writeCommand(
  { value }: WriteOrder,
  address: SparkplugAddress,
  unit: Unit | undefined,
  now: number,
): { readonly outgoing: Outgoing; readonly expected: Value } | { readonly refused: string } {
  if (unit?.online !== true) return { refused: `${address.sparkplug} is not online.` };
  const definition = unit.definitions.get(address.metric);
  if (definition === undefined)
    return { refused: `${address.sparkplug} has no metric '${address.metric}' in its birth.` };
  const wrong = unwritable(address, definition);
  if (wrong !== undefined) return { refused: wrong };
  const { name, alias, type } = definition;
  try {
    const wire = writeValue(fitting(value, type), type);
    const metric = {
      // Who gives aliases is spoken to by alias (6.4.5).
      ...(alias === undefined ? { name } : { alias: BigInt(alias) }),
      ...{ timestamp: now, datatype: typeNumber(type), value: wire },
    };
    const outgoing = command(address.sparkplug, encodePayload({ timestamp: now, metrics: [metric] }));
    return { outgoing, expected: rounded(readValue(wire, type) ?? value, type) };
  } catch (err) {
    if (!(err instanceof RangeError)) throw err;
    return { refused: `'${String(value).slice(0, 40)}' cannot be written to ${name}: ${err.message}.` };
  }
}

const unwritable = (
  { property, index }: SparkplugAddress,
  { name, properties }: Definition,
): string | undefined => {
  if (property !== undefined || index !== undefined) return 'Only a whole metric can be written.';
  return isReadOnly({ properties }) ? `The device says that '${name}' is read only.` : undefined;
};

/** As it comes back: a Float holds 24 bits. */
const rounded = (value: Value, type: string): Value =>
  type === 'Float' && typeof value === 'number' ? Math.fround(value) : value;

export const isReadOnly = ({ properties }: Pick<Definition, 'properties'>): boolean =>
  properties.get('readOnly') === true || properties.get('ReadOnly') === true;

/** Numbers of a text tag are written to a number, and the other way round. */
function fitting(value: number | string, type: string): Value {
  if (['String', 'Text', 'UUID'].includes(type)) return String(value);
  return typeof value === 'string' ? (numberIn(value) ?? value) : value;
}

/** QoS 0, not retained (6.4.22, 6.4.23). */
function command(place: string, payload: Uint8Array): Outgoing {
  const [group = '', node = '', device] = place.split('/');
  const topic = nodeTopic(device === undefined ? 'NCMD' : 'DCMD', group, node, device);
  return { topic, payload, qos: 0, retain: false };
}
