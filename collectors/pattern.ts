const TOKEN = /'([^']*)'|yyyy|yy|MM?|dd?|HH?|hh?|mm?|ss?|S+|a|[^A-Za-z']/gy;
type Field = 'y' | 'yy' | 'M' | 'd' | 'H' | 'h' | 'm' | 's' | 'S' | 'a';

/**
 * Reads a time written like `dd.MM.yyyy HH:mm:ss,SSS` or `M/d/yyyy h:mm a`, as if it were UTC. Undefined: that is no
 * pattern of a time.
 */
export function pattern(text: string): ((written: string) => number | undefined) | undefined {
  const fields: Field[] = [];
  let source = '';
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token, quoted] = match;
    end = match.index + token.length;
    const field = quoted === undefined ? fieldOf(token) : undefined;
    if (field === undefined) source += (quoted ?? token).replace(/[^A-Za-z0-9 ]/g, '\\$&');
    else {
      source += SHAPES[field];
      fields.push(field);
    }
  }
  if (end !== text.length || !isComplete(fields)) return undefined;
  const shape = new RegExp(`^${source}$`, 'i');
  return (written) => {
    const match = shape.exec(written);
    return match === null
      ? undefined
      : assembled(new Map(fields.map((field, i) => [field, match[i + 1] ?? ''])));
  };
}

/** A day at least, each part once, and hours of a half day only with their half. */
function isComplete(fields: readonly Field[]): boolean {
  const has = (...wanted: Field[]) => wanted.some((field) => fields.includes(field));
  const day = has('y', 'yy') && has('M') && has('d');
  return day && new Set(fields).size === fields.length && has('h') === has('a');
}

const SHAPES: Readonly<Record<Field, string>> = {
  y: '(\\d{4})',
  yy: '(\\d{2})',
  M: '(\\d{1,2})',
  d: '(\\d{1,2})',
  H: '(\\d{1,2})',
  h: '(\\d{1,2})',
  m: '(\\d{1,2})',
  s: '(\\d{1,2})',
  S: '(\\d{1,9})',
  a: '([AP]\\.?M\\.?)',
};

function fieldOf(token: string): Field | undefined {
  if (token === 'yyyy') return 'y';
  if (token === 'yy') return 'yy';
  const letter = token.charAt(0);
  return /[MdHhmsSa]/.test(letter) ? (letter as Field) : undefined;
}

function assembled(found: ReadonlyMap<Field, string>): number | undefined {
  const number = (field: Field) => Number(found.get(field) ?? 0);
  const year = found.has('y') ? number('y') : 2000 + number('yy');
  const hour = found.has('a') ? twelve(number('h'), found.get('a') ?? '') : number('H');
  const [month, day, minute, second] = [number('M'), number('d'), number('m'), number('s')];
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  const micros = Number((found.get('S') ?? '').padEnd(6, '0').slice(0, 6));
  const written = [year, month, day, hour, minute, second].join();
  return written === shownBy(wall) ? wall + micros / 1000 : undefined;
}

/** What a calendar says: on the 31st of April it does not say what was written. */
function shownBy(wall: number): string {
  const date = new Date(wall);
  const day = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  return [...day, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].join();
}

const twelve = (hour: number, half: string): number =>
  hour < 1 || hour > 12 ? NaN : (hour % 12) + (/^p/i.test(half) ? 12 : 0);
