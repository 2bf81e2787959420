import type { z } from 'zod';
import type { Fault } from '../api/problem.ts';
import { Problem } from './problem.ts';

type Issue = z.core.$ZodIssue;

const SECRET = /password|secret|token|code/i;
const LONGEST_SHOWN = 200;

/** Checks one part of a request, or answers 400 with every fault in it. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  part: string,
  value: unknown,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = faultsOf(result.error, part, value);
  throw new Problem({
    status: 400,
    detail: `The request has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}: ${faults
      .slice(0, 3)
      .map(({ field, remedy }) => `${field}: ${remedy}`)
      .join(' ')}`,
    faults,
  });
}

/** Every fault with its field, its value (unless it is secret) and what to do. */
function faultsOf(error: z.ZodError, part: string, value: unknown): Fault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => faultAt([...issue.path, key], 'This field is not known: leave it out.'));
    return [faultAt(issue.path, remedyOf(issue, at(value, issue.path) === undefined))];
  });

  function faultAt(path: readonly PropertyKey[], remedy: string): Fault {
    const found = at(value, path);
    const secret = path.some((key) => SECRET.test(String(key)));
    return {
      field: [part, ...path.map(String)].join('.'),
      ...(found === undefined || secret ? {} : { value: shorten(found) }),
      remedy,
    };
  }
}

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (place, key) =>
      typeof place === 'object' && place !== null && Object.hasOwn(place, key)
        ? (place as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );

function shorten(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : value;
}

function remedyOf(issue: Issue, missing: boolean): string {
  const what = needed(issue);
  return what === undefined ? sentence(issue.message) : `${missing ? 'Missing: give' : 'Give'} ${what}.`;
}

function needed(issue: Issue): string | undefined {
  if (issue.code === 'invalid_type')
    return `${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small')
    return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
  if (issue.code === 'too_big')
    return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
  if (issue.code === 'invalid_format' && issue.format === 'datetime')
    return 'an instant with its offset, such as 2026-11-21T08:00:00Z';
  return undefined;
}

const unitOf = (origin: string): string =>
  origin === 'string' ? ' characters' : origin === 'array' || origin === 'set' ? ' items' : '';

const sentence = (text: string): string => {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return capital.endsWith('.') ? capital : `${capital}.`;
};
