import { statusOf } from '../../history/reading.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import type { LimitChange, State } from './change.ts';
import type { OpenLimitAlarm } from './open.ts';
import { compare } from './rule.ts';
import type { AlarmRule } from './rule.ts';
import { next } from './state.ts';
import type { Event } from './state.ts';

export interface Judge {
  /** Compares live readings, oldest first, that arrived now with their tags' rules. A bad value neither raises nor clears. */
  judge(readings: readonly Reading[], now: number): LimitChange[];
  /** Raises what has been over its limit for the hold time, though its tag says nothing new. */
  tick(now: number, fresh: (tag: TagId) => boolean): LimitChange[];
  /** Goes on with other rules. A rule that stays keeps what stands by it; one that is gone takes its alarm with it. */
  replant(rules: readonly AlarmRule[]): void;
  /** This machine's clock was set by so much: hold times that run go on, by what passes from now on. */
  shift(byMs: number): void;
  /** Null if the alarm is not open or has been acknowledged before. */
  acknowledge(id: string, act: { by: string; at: number; comment: string | null }): LimitChange | null;
}

interface Standing {
  rule: AlarmRule;
  state: State;
  id: string | null;
  /** Source time since when the value has been over the limit. */
  since: number;
  /** The same by this machine's clock, which a tick is compared with. */
  heardAt: number;
  /** Whether the newest value can be used. */
  known: boolean;
  value: number | null;
}

/** `newId` gives each occurrence its UUID; `open` are the occurrences that a restart found. */
export function createJudge(
  rules: readonly AlarmRule[],
  open: readonly OpenLimitAlarm[],
  newId: () => string,
): Judge {
  let standings = rules.map((rule) => stand(rule, open));
  let byTag = groupByTag(standings);

  return {
    judge(readings, now) {
      const changes: LimitChange[] = [];
      for (const { tag, at, cleaned: value, quality } of readings) {
        const here = byTag.get(tag);
        if (here === undefined) continue;
        const known = value !== null && statusOf(quality) !== 'bad';
        for (const standing of here) {
          standing.known = known;
          if (!known) continue;
          const before = standing.state;
          changes.push(...look(standing, { at, value }, newId));
          if (before === 'normal') standing.heardAt = now;
        }
      }
      return changes;
    },

    tick: (now, fresh) =>
      standings.flatMap((standing) =>
        standing.state === 'pending' &&
        standing.known &&
        now - standing.heardAt >= standing.rule.holdMs &&
        fresh(standing.rule.tag)
          ? happen(standing, 'held', now, newId)
          : [],
      ),

    replant(next) {
      const before = new Map(standings.map((standing) => [standing.rule.id, standing]));
      standings = next.map((rule) => Object.assign(before.get(rule.id) ?? stand(rule, []), { rule }));
      byTag = groupByTag(standings);
    },

    shift: (byMs) => standings.forEach((standing) => goAlong(standing, byMs)),

    acknowledge(id, { by, at, comment }) {
      const standing = standings.find((candidate) => candidate.id === id);
      const [change] = standing === undefined ? [] : happen(standing, 'acknowledged', at, newId);
      return change === undefined ? null : { ...change, by, comment };
    },
  };
}

function stand(rule: AlarmRule, open: readonly OpenLimitAlarm[]): Standing {
  const { id = null, state = 'normal' } = open.find((alarm) => alarm.rule === rule.id) ?? {};
  return { rule, state, id, since: 0, heardAt: 0, known: false, value: null };
}

function goAlong(standing: Standing, byMs: number): void {
  if (standing.state !== 'pending') return;
  standing.heardAt += byMs;
  // Times of readings before and after cannot be compared any more: the ticks alone say when it is over.
  standing.since = Infinity;
}

function groupByTag(standings: readonly Standing[]): ReadonlyMap<TagId, readonly Standing[]> {
  const byTag = new Map<TagId, Standing[]>();
  for (const standing of standings) {
    const { tag } = standing.rule;
    byTag.set(tag, [...(byTag.get(tag) ?? []), standing]);
  }
  return byTag;
}

function look(
  standing: Standing,
  { at, value }: { at: number; value: number },
  newId: () => string,
): LimitChange[] {
  standing.value = value;
  const where = compare(standing.rule, value);
  // The deadband delays the return only: what is not yet raised starts its hold time anew.
  if (where === 'inside' || (where === 'between' && standing.state === 'pending')) {
    return happen(standing, 'cleared', at, newId);
  }
  const changes = where === 'over' ? happen(standing, 'exceeded', at, newId) : [];
  const held = at - standing.since >= standing.rule.holdMs;
  return held ? [...changes, ...happen(standing, 'held', at, newId)] : changes;
}

function happen(standing: Standing, event: Event, at: number, newId: () => string): LimitChange[] {
  const before = standing.state;
  standing.state = next(before, event);
  if (standing.state === before) return [];
  if (standing.state === 'pending') standing.since = at;
  const what = described(before, standing.state, event);
  if (what === null) return [];
  standing.id ??= newId();
  const change = changeOf(standing, standing.id, what, at);
  if (standing.state === 'normal') standing.id = null;
  return [change];
}

/** What the journal says of a step; null for the steps before an alarm exists. */
function described(before: State, after: State, event: Event): LimitChange['event'] | null {
  if (event === 'held') return 'raised';
  if (event === 'acknowledged') return 'acknowledged';
  if (event === 'exceeded') return after === 'active' ? 'raised again' : null;
  return before === 'pending' ? null : 'cleared';
}

const changeOf = (
  { rule, state, value }: Standing,
  id: string,
  event: LimitChange['event'],
  at: number,
): LimitChange => ({
  id,
  rule: rule.id,
  tag: rule.tag,
  event,
  state,
  at,
  value,
  limit: rule.limit,
  by: null,
  comment: null,
});
