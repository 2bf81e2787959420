import { Problem } from '../../platform/web/problem.ts';
import { Unable } from '../runtime/ask.ts';

const STATUS = { cannot: 409, 'not running': 409, 'no answer': 504 } as const;

/** Says to the caller what a source, or the device behind it, said. */
export function problemOf(err: unknown): never {
  if (err instanceof Problem) throw err;
  const detail = err instanceof Error ? err.message : String(err);
  const status = err instanceof Unable ? STATUS[err.why] : 502;
  throw new Problem({ status, detail }, { cause: err });
}
