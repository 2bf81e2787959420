import { VariantArrayType } from 'node-opcua-client';
import type { DataType, Variant } from 'node-opcua-client';

/** A value within a value. */
export type Part = Pick<Variant, 'dataType' | 'arrayType' | 'dimensions'> & {
  readonly value: unknown;
  /** Where it is an enumeration within a structure: what its numbers are called. */
  readonly names?: ReadonlyMap<number, string>;
};
export interface Step {
  readonly member: string;
  readonly index?: number;
}

export const scalarPart = (dataType: DataType, value: unknown): Part => ({
  dataType,
  arrayType: VariantArrayType.Scalar,
  dimensions: null,
  value,
});

/** Takes what the address schema accepts: Status.Motors[2].Speed. */
export const stepsOf = (path: string): Step[] =>
  path.split('.').map((step) => {
    const [, member = step, index] = /^([^[]+)\[(\d+)\]$/.exec(step) ?? [];
    return { member, ...(index === undefined ? {} : { index: Number(index) }) };
  });

/**
 * One element of an array or a matrix, which is a flat list with dimensions. Undefined where there is no such element.
 */
export function element(part: Part, index: readonly number[]): Part | undefined {
  if (part.arrayType === VariantArrayType.Scalar || !isList(part.value)) return undefined;
  const dimensions = part.dimensions ?? [part.value.length];
  if (index.length !== dimensions.length) return undefined;
  let at = 0;
  for (const [i, one] of index.entries()) {
    const size = dimensions[i] ?? 0;
    if (one >= size) return undefined;
    at = at * size + one;
  }
  return elementAt(part, at);
}

/** What a server returns that was asked for one element alone. */
export const only = (part: Part): Part | undefined =>
  part.arrayType !== VariantArrayType.Scalar && isList(part.value) && part.value.length === 1
    ? elementAt(part, 0)
    : undefined;

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);

function elementAt(part: Part, at: number): Part {
  const list = part.value as ArrayLike<unknown>;
  return { ...part, arrayType: VariantArrayType.Scalar, dimensions: null, value: list[at] };
}
