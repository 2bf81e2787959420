import { fromJson, fromNumber, fromText, fromTruth, toText } from './cell.ts';

/** A tag as plant.yaml has it, not yet checked. */
export type Entry = Readonly<Record<string, unknown>>;

export interface Column {
  readonly name: string;
  /** The setting of the tag that it is about. */
  readonly key: string;
  readonly write: (tag: Entry) => string;
  /** Changes an entry by a cell. An empty one takes the setting away. Throws a `CellFault`. */
  readonly read: (tag: Record<string, unknown>, cell: string) => void;
}

const column = (key: string, write: (value: unknown) => string, read: (cell: string) => unknown): Column => ({
  ...{ name: key, key },
  write: ({ [key]: value }) => (value === undefined || value === null ? '' : write(value)),
  read(tag, cell) {
    if (cell.trim() === '') Reflect.deleteProperty(tag, key);
    else tag[key] = read(cell);
  },
});
const text = (key: string) => column(key, (value) => toText(String(value)), fromText);
const number = (key: string) => column(key, String, fromNumber);
const truth = (key: string) => column(key, String, fromTruth);
const json = (key: string) => column(key, (value) => JSON.stringify(value), fromJson);

/** Two cells for two limits. The one that is empty is found missing when the whole tag is checked. */
const limits = (key: string): Column[] =>
  ['low', 'high'].map((end, i) => ({
    ...{ name: `${key}.${end}`, key },
    write: ({ [key]: value }) => (Array.isArray(value) ? String(value[i]) : ''),
    read(tag, cell) {
      const before = tag[key];
      const pair: unknown[] = Array.isArray(before)
        ? before.map((limit: unknown) => limit)
        : [undefined, undefined];
      pair[i] = cell.trim() === '' ? undefined : fromNumber(cell);
      if (pair.every((limit) => limit === undefined)) Reflect.deleteProperty(tag, key);
      else tag[key] = pair;
    },
  }));

/** The columns of tags.csv, in their order. */
export const columns: readonly Column[] = [
  ...['name', 'description', 'unit', 'kind'].map(text),
  number('decimals'),
  ...['area', 'source'].map(text),
  ...['address', 'scale'].map(json),
  number('expectedMs'),
  ...['range', 'normal', 'clamp'].flatMap(limits),
  number('stuckMs'),
  truth('spike'),
  ...['alarms', 'forecast', 'thin', 'write'].map(json),
  text('retention'),
];
