import {
  DataType,
  ExtensionObject,
  getExtraDataTypeManager,
  resolveDynamicExtensionObject,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import type { NodeId } from 'node-opcua-client';
import { element, scalarPart } from './place.ts';
import type { Part, Step } from './place.ts';
import type { Session } from './session.ts';

type Schema = ExtensionObject['schema'];
type Field = Schema['fields'][number];

/** Follows a path into a structure. Undefined where it leads nowhere. */
export function follow(whole: Part, steps: readonly Step[]): Part | undefined {
  let part: Part | undefined = whole;
  for (const { member, index } of steps) {
    part = part === undefined ? undefined : memberOf(part, member);
    if (index !== undefined && part !== undefined) part = element(part, [index]);
  }
  return part;
}

function memberOf({ value, arrayType }: Part, member: string): Part | undefined {
  if (arrayType !== VariantArrayType.Scalar || typeof value !== 'object' || value === null) return undefined;
  if (value instanceof ExtensionObject) return fieldOf(value, member);
  const inner = (value as Record<string, unknown>)[member]; // the text of a LocalizedText, for one
  return typeof inner === 'string' ? scalarPart(DataType.String, inner) : undefined;
}

/** The library renames members (BatchId is batchId); the server's own names are what people know. */
function fieldOf(object: ExtensionObject, member: string): Part | undefined {
  const field = fieldsOf(object.schema).find(
    ({ name, originalName }) => originalName === member || name === member,
  );
  if (field === undefined) return undefined;
  const value = (object as unknown as Record<string, unknown>)[field.name];
  if (value instanceof Variant) return value;
  const names = namesOf(field);
  const arrayType = field.isArray === true ? VariantArrayType.Array : VariantArrayType.Scalar;
  return {
    ...{ dataType: typeOf(field, value), arrayType, dimensions: null, value },
    ...(names === undefined ? {} : { names }),
  };
}

function fieldsOf(schema: Schema): Field[] {
  const base = schema.getBaseSchema() as Schema | null | undefined;
  return [...(base === null || base === undefined ? [] : fieldsOf(base)), ...schema.fields];
}

/** Base types of a member's type, nearest first: a Duration is a Double. */
function typeOf({ category, fieldType, schema }: Field, value: unknown): DataType {
  const sort: string = category;
  if (sort === 'enumeration') return DataType.Int32;
  if (sort === 'complex') return DataType.ExtensionObject;
  for (const name of [fieldType, schema.subType, schema.name]) {
    if (name in DataType) return DataType[name as keyof typeof DataType];
  }
  return Array.isArray(value) && value.length === 2 ? DataType.Int64 : DataType.Double;
}

function namesOf({ schema }: Field): ReadonlyMap<number, string> | undefined {
  const { typedEnum } = schema as { typedEnum?: { enumItems?: readonly { key: string; value: number }[] } };
  return typedEnum?.enumItems && new Map(typedEnum.enumItems.map(({ key, value }) => [value, key]));
}

/** Makes structures readable by what the server says about their types. */
export interface Structures {
  /** Whether `read` is needed before a value can be decoded. */
  readonly closed: (variant: Variant) => boolean;
  /** Leaves what cannot be read as it is. Asks the server once for each type. */
  readonly read: (variant: Variant) => Promise<void>;
}

/** What the library makes of a structure whose type it does not know. */
interface Opaque {
  readonly nodeId: NodeId;
  readonly buffer: Buffer;
}
const opaque = (value: unknown): value is Opaque =>
  value instanceof ExtensionObject && 'buffer' in value && Buffer.isBuffer(value.buffer);
const inside = ({ dataType, value }: Variant): Opaque[] => {
  if (dataType !== DataType.ExtensionObject) return [];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter(opaque);
};

export function structures(session: Session): Structures {
  const unknown = new Set<string>();
  return {
    closed: (variant) =>
      variant.dataType === DataType.ExtensionObject &&
      inside(variant).some(({ nodeId }) => !unknown.has(nodeId.toString())),
    async read(variant) {
      const types = await getExtraDataTypeManager(session);
      for (const { nodeId } of inside(variant)) {
        await types
          .getExtensionObjectConstructorFromBinaryEncodingAsync(nodeId)
          .catch(() => unknown.add(nodeId.toString())); // without a description there is nothing to read it by
      }
      if (inside(variant).every(({ nodeId }) => !unknown.has(nodeId.toString())))
        await resolveDynamicExtensionObject(session, variant, types);
    },
  };
}
