import type { Logger } from '../../platform/log.ts';

/** Written anew by the gateway's own log. */
const OF_EVERY_LINE: readonly string[] = ['time', 'pid', 'hostname', 'name'];

/** Repeats a line of a worker's log, in JSON, in the gateway's. */
export function relay(line: string, log: Logger): void {
  const { level, msg, ...rest } = JSON.parse(line) as { level: number; msg: string };
  const fields = Object.entries(rest).filter(([field]) => !OF_EVERY_LINE.includes(field));
  log[methodFor(level)](Object.fromEntries(fields), msg);
}

function methodFor(level: number): 'debug' | 'info' | 'warn' | 'error' {
  if (level < 30) return 'debug';
  if (level < 40) return 'info';
  return level < 50 ? 'warn' : 'error';
}
