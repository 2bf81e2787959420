import pg from 'pg';

type Parse = (text: string) => unknown;

const { builtins } = pg.types;
/** The driver's own table; its type lists only a part of the ids that it knows. */
const driver = pg.types.getTypeParser as (oid: number, format?: 'text' | 'binary') => Parse;
const INT8_ARRAY = 1016;
const TEXT_ARRAY = 1009;
const DATE_ARRAYS = new Set([1115, 1182]);

/** A number where it is exact, else the digits as they are. */
const int8: Parse = (digits) => {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
};

const texts = driver(TEXT_ARRAY) as (text: string) => (string | null)[];
const int8s: Parse = (text) => texts(text).map((digits) => (digits === null ? null : int8(digits)));
const asIs: Parse = (text) => text;

const own = new Map<number, Parse>([
  [builtins.INT8, int8],
  [INT8_ARRAY, int8s],
  // Without a zone there is no instant: the driver would take the machine's own.
  [builtins.DATE, asIs],
  [builtins.TIMESTAMP, asIs],
]);

/**
 * What comes out: int8 as a number where that is exact, else as text; timestamptz as `Date`; json and jsonb parsed;
 * numeric, date and timestamp as text. Cast to float8 what is to be a number.
 */
export const decoders: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format === 'binary') return driver(oid, 'binary');
    if (DATE_ARRAYS.has(oid)) return texts;
    return own.get(oid) ?? driver(oid);
  }) as typeof pg.types.getTypeParser,
};
