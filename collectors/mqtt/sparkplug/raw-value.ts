import { numberIn } from '../../value.ts';
import type { Point } from '../../collector.ts';
import type { SparkplugAddress } from './config.ts';
import type { TypeName } from './datatype.ts';
import type { Scalar, Value } from './value.ts';

const LONGEST_TEXT = 1024;
/** The latest time that a date can hold. */
const LATEST = 8.64e15;

type RawValue = number | string | null | undefined;

/** Null: the metric is null. Undefined: not a value that the tag can have. */
export function rawOf(
  given: Value | null | undefined,
  { kind, address: { index } }: Point<SparkplugAddress>,
  type: TypeName,
): RawValue {
  if (given === null || given === undefined) return given;
  if (!isList(given)) return index === undefined ? ofScalar(given, kind, type) : undefined;
  const item = given[index ?? -1];
  return item === undefined ? undefined : ofScalar(item, kind, type);
}

const isList = (value: Value): value is readonly Scalar[] => Array.isArray(value);

function ofScalar(value: Scalar, kind: 'number' | 'text', type: TypeName): RawValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return kind === 'number' ? numberIn(value) : short(value);
  if (typeof value !== 'number') return undefined;
  return kind === 'text' && type.startsWith('DateTime') ? time(value) : finite(value);
}

const finite = (value: number): RawValue => (Number.isFinite(value) ? value : undefined);

const short = (value: string): RawValue => (value.length <= LONGEST_TEXT ? value : undefined);

const time = (value: number): RawValue => (value <= LATEST ? new Date(value).toISOString() : undefined);
