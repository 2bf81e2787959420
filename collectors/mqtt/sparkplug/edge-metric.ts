import { typeNumber } from './datatype.ts';
import type { TypeName } from './datatype.ts';
import type { Metric, PropertySet, PropertyValue } from './schema.ts';

/** A tag as an edge node tells it. */
export interface EdgeMetric {
  readonly name: string;
  readonly kind: 'number' | 'text';
  readonly unit: string;
  readonly range: readonly [number, number] | null;
}
export interface Sample {
  readonly at: number;
  readonly value: number | string | null;
  readonly status: 'good' | 'uncertain' | 'bad';
}

/** The codes of the property `Quality` (Sparkplug 3.0, 6.4.9). */
const QUALITY = { good: 192, uncertain: 500, bad: 0 } as const;

/** What was never read is stale. */
export const qualityOf = (sample: Sample | undefined): number => QUALITY[sample?.status ?? 'uncertain'];

/** Everything but name and alias. */
export function metricOf(
  { kind, unit, range }: EdgeMetric,
  sample: Sample | undefined,
  { birth, now }: { readonly birth: boolean; readonly now: number },
): Metric {
  const about = birth ? [...textProperty('engUnit', unit), ...rangeProperties(range)] : [];
  const quality = numberProperty('Quality', 'Int32', qualityOf(sample));
  return {
    timestamp: Math.trunc(sample?.at ?? now),
    ...(birth ? { datatype: typeNumber(kind === 'text' ? 'String' : 'Double') } : {}),
    properties: setOf([...about, quality]),
    ...valueOf(sample?.value ?? null, kind),
  };
}

function valueOf(value: number | string | null, kind: 'number' | 'text'): Pick<Metric, 'isNull' | 'value'> {
  if (value === null) return { isNull: true };
  return kind === 'text'
    ? { value: { in: 'string', value: String(value) } }
    : { value: { in: 'double', value: Number(value) } };
}

type Property = readonly [string, PropertyValue];

const setOf = (properties: readonly Property[]): PropertySet => ({
  keys: properties.map(([key]) => key),
  values: properties.map(([, value]) => value),
});

const textProperty = (key: string, text: string): Property[] =>
  text === '' ? [] : [[key, { type: typeNumber('String'), value: { in: 'string', value: text } }]];

const numberProperty = (key: string, type: TypeName, value: number): Property => [
  key,
  { type: typeNumber(type), value: type === 'Double' ? { in: 'double', value } : { in: 'int', value } },
];

const rangeProperties = (range: EdgeMetric['range']): Property[] =>
  range === null
    ? []
    : [numberProperty('engLow', 'Double', range[0]), numberProperty('engHigh', 'Double', range[1])];
