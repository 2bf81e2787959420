/** The steps into a JSON document: names and indices. */
export type Path = readonly (string | number)[];

const STEP = /\.([A-Za-z_][\w-]*)|\['((?:[^'\\]|\\.)*)'\]|\[(\d{1,9})\]/y;

/** Reads the part of RFC 9535 that points at one place: `$.motor['current 1'][0]`. Undefined if it is not that. */
export function parsePath(text: string): Path | undefined {
  if (!text.startsWith('$')) return undefined;
  const steps: (string | number)[] = [];
  STEP.lastIndex = 1;
  let end = 1;
  for (let match = STEP.exec(text); match !== null; match = STEP.exec(text)) {
    const [, name, quoted, index] = match;
    steps.push(index === undefined ? (name ?? (quoted ?? '').replace(/\\(.)/g, '$1')) : Number(index));
    end = STEP.lastIndex;
  }
  return end === text.length ? steps : undefined;
}

/** As `parsePath` reads it. */
export const pathText = (path: Path): string =>
  `$${path.map((step) => (typeof step === 'number' ? `[${step}]` : nameText(step))).join('')}`;

const nameText = (name: string): string =>
  /^[A-Za-z_][\w-]*$/.test(name) ? `.${name}` : `['${name.replace(/['\\]/g, '\\$&')}']`;

/** The value at `path`, or undefined. Only a document's own members count: `__proto__` leads nowhere. */
export function follow(document: unknown, path: Path): unknown {
  let place = document;
  for (const step of path) {
    if (typeof place !== 'object' || place === null) return undefined;
    if (Array.isArray(place) !== (typeof step === 'number')) return undefined;
    if (!Object.hasOwn(place, step)) return undefined;
    place = (place as Record<string | number, unknown>)[step];
  }
  return place;
}
