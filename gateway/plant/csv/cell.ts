/** Why a cell cannot be used. */
export class CellFault extends Error {
  override name = 'CellFault';
}

/** What a spreadsheet takes for a formula. */
const FORMULA = /^[=+\-@\t\r]/;
const GUARDED = /^'(?=[=+\-@\t\r'])/;

/** A text that no spreadsheet computes: one that looks like a formula has a quote before it. */
export const toText = (text: string): string =>
  FORMULA.test(text) || GUARDED.test(text) ? `'${text}` : text;
export const fromText = (cell: string): string => cell.replace(GUARDED, '');

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number, with a decimal point or, as a German spreadsheet has it, a decimal comma. */
export function fromNumber(cell: string): number {
  const text = fromText(cell).trim();
  const point = text.includes('.') ? text : text.replace(',', '.');
  if (!NUMBER.test(point))
    throw new CellFault('is not a number; write it without units and without thousands signs');
  return Number(point);
}

const truths = new Map([
  ...['true', 'yes', '1', 'wahr', 'ja'].map((word) => [word, true] as const),
  ...['false', 'no', '0', 'falsch', 'nein'].map((word) => [word, false] as const),
]);

export function fromTruth(cell: string): boolean {
  const truth = truths.get(cell.trim().toLowerCase());
  if (truth === undefined) throw new CellFault('must be true or false');
  return truth;
}

export function fromJson(cell: string): unknown {
  try {
    return JSON.parse(fromText(cell)) as unknown;
  } catch {
    throw new CellFault('is not JSON; compare it with the cell of a tag that was exported');
  }
}
