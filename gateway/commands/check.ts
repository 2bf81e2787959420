import { statusOf } from '../../history/reading.ts';
import type { Reading } from '../../history/reading.ts';
import { allows } from '../../platform/access/roles.ts';
import type { Role } from '../../platform/api/session.ts';
import type { Tag } from '../plant/tag.ts';

/** All that decides whether a value may be written. */
export interface Situation {
  readonly tag: Pick<Tag, 'name' | 'unit' | 'write'>;
  readonly value: number | string;
  readonly role: Role;
  /** The newest reading of the tag, as the screens show it. */
  readonly current: Reading | null;
  readonly lastSentAt: number | null;
  readonly now: number;
}

export interface NotAllowed {
  readonly status: 403 | 409 | 422 | 429;
  readonly why: string;
}

type Rule = (situation: Situation, settings: NonNullable<Tag['write']>) => NotAllowed | null;

const role: Rule = ({ tag, role: has }, { role: needed }) =>
  allows(has, needed)
    ? null
    : { status: 403, why: `'${tag.name}' may be written by the role ${needed} only.` };

const range: Rule = ({ tag, value }, { range: [low, high] }) => {
  if (typeof value !== 'number' || !Number.isFinite(value))
    return { status: 422, why: `'${tag.name}' takes a number.` };
  return value >= low && value <= high
    ? null
    : { status: 422, why: `${value} ${tag.unit} is not between ${low} and ${high} ${tag.unit}.` };
};

/**
 * While the current value is not known to be good, a step cannot be checked: then nobody writes. Where there is no
 * limit on steps, an engineer may.
 */
const step: Rule = ({ tag, value, role: has, current }, { maxStep }) => {
  const before = current !== null && statusOf(current.quality) === 'good' ? current.cleaned : null;
  if (before === null) {
    if (maxStep === undefined && allows(has, 'engineer')) return null;
    const who =
      maxStep === undefined ? 'only an engineer may write it' : 'the largest step cannot be checked';
    return {
      status: 409,
      why: `The current value of '${tag.name}' is not good: ${who}. Look at its source.`,
    };
  }
  if (maxStep === undefined || Math.abs(Number(value) - before) <= maxStep * (1 + 1e-12)) return null;
  return {
    status: 422,
    why: `A step of at most ${maxStep} ${tag.unit} is allowed, and '${tag.name}' is at ${before}. Go there in steps.`,
  };
};

const interval: Rule = ({ tag, lastSentAt, now }, { minIntervalMs }) => {
  const wait = lastSentAt === null ? 0 : lastSentAt + minIntervalMs - now;
  return wait <= 0
    ? null
    : {
        status: 429,
        why: `'${tag.name}' was written a moment ago. Try again in ${Math.ceil(wait / 1000)} s.`,
      };
};

const rules: readonly Rule[] = [role, range, step, interval];

/** The first rule that forbids the write; null: it may be sent. */
export function forbids(situation: Situation): NotAllowed | null {
  const { tag } = situation;
  if (tag.write === null)
    return {
      status: 409,
      why: `'${tag.name}' is read only: the plant model has no 'write' settings for it.`,
    };
  for (const rule of rules) {
    const found = rule(situation, tag.write);
    if (found !== null) return found;
  }
  return null;
}
