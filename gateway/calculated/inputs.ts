import { GOOD, quality, statusOf } from '../../history/reading.ts';
import type { Quality, Reading } from '../../history/reading.ts';
import type { Scope, Value } from './compile.ts';

/** What is known of a tag that others are computed from. */
export interface Input {
  readonly last: Reading;
  /** Of now: a tag that went silent keeps its last value and is doubted. */
  readonly quality: Quality;
  readonly before: Reading | null;
}

/** What one evaluation sees, and what it learns on the way. */
export interface Looking extends Scope {
  /** The worst quality of all that was read and used. */
  worst(): Quality;
  /** Whether a tag was asked for that never had a reading. */
  unheard(): boolean;
}

const NO_VALUE = quality('bad', 'no value');

/** The number to compute with, or the text. */
function valueOf({ value, quality: of, cleaned }: Reading): Value {
  if (cleaned !== null) return cleaned;
  return typeof value === 'string' && statusOf(of) !== 'bad' ? value : NaN;
}

export function scopeOver(find: (tag: string) => Input | undefined): Looking {
  let worst = GOOD;
  let unheard = false;
  const look = (tag: string): Input | undefined => {
    const input = find(tag);
    unheard ||= input === undefined;
    worst = Math.max(worst, input?.quality ?? NO_VALUE) as Quality;
    return input;
  };

  return {
    read(tag) {
      const input = look(tag);
      return input === undefined ? NaN : valueOf(input.last);
    },
    previous(tag) {
      const before = look(tag)?.before ?? null;
      return before === null ? NaN : valueOf(before);
    },
    rate(tag) {
      const input = look(tag);
      if (input === undefined || input.before === null) return NaN;
      const [last, before] = [valueOf(input.last), valueOf(input.before)];
      const seconds = (input.last.at - input.before.at) / 1000;
      return typeof last === 'number' && typeof before === 'number' ? (last - before) / seconds : NaN;
    },
    attempt(work) {
      const [worstBefore, unheardBefore] = [worst, unheard];
      const value = work();
      if (Number.isNaN(value)) [worst, unheard] = [worstBefore, unheardBefore];
      return value;
    },
    worst: () => worst,
    unheard: () => unheard,
  };
}
