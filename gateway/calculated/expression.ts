import jsep from 'jsep';
import { bad, compile } from './compile.ts';
import type { Evaluate } from './compile.ts';

export interface Expression {
  /** Names of the tags that it looks at. */
  readonly inputs: ReadonlySet<string>;
  readonly evaluate: Evaluate;
}

/** The parser and what walks its tree go one call deeper for each bracket. */
const LONGEST = 2000;

/**
 * Reads an expression over tags: `tag("Reactor pressure") / 100`, or `XMEAS_07 / 100` where the name is one word.
 * Throws an `ExpressionFault` that says what is wrong, and never anything else. The parser makes a tree and no more;
 * what the tree may hold is decided in compile.ts.
 */
export function parseExpression(text: string): Expression {
  if (text.length > LONGEST)
    throw bad(`An expression has at most ${LONGEST} characters; split it over several tags.`);
  const inputs = new Set<string>();
  return { inputs, evaluate: compile(parsed(text), inputs) };
}

function parsed(text: string): jsep.Expression {
  try {
    return jsep(text);
  } catch (err) {
    throw bad(`${err instanceof Error ? err.message : String(err)}. Correct it there.`);
  }
}
