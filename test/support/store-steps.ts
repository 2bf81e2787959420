import fc from 'fast-check';
import { quality } from '../../history/reading.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import type { ClassRetention, Retention } from '../../history/store/retention.ts';

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

/** Tag 3 and tag 4 name a class of retention where there is one. */
export const TAGS = [1, 2, 3, 4] as TagId[];
/** The tables refuse this value, for what it is. */
export const POISON = 666;

/** A reading, its time seen from when the schedule began. */
export interface Sample extends Omit<Reading, 'at'> {
  readonly agoS: number;
}

/** What becomes of the next transaction: not committed, committed without our hearing of it, committed late. */
export type Mishap = 'undone' | 'unheard' | 'slow';
type Job = 'roll-ups' | 'retention' | 'outbox';
type Event = 'away' | 'back' | 'restart' | 'kill' | 'cut';

export type Step =
  | { readonly do: 'save'; readonly batches: readonly (readonly Sample[])[]; readonly change: boolean }
  | { [Name in Event]: { readonly do: Name } }[Event]
  | { readonly do: 'mishap'; readonly what: Mishap }
  | { readonly do: 'wait'; readonly minutes: number }
  /** `failsAfter` so many of its queries the database goes away. */
  | { readonly do: 'job'; readonly job: Job; readonly keep: number; readonly failsAfter: number | null }
  | { readonly do: 'send'; readonly fate: Fate };

/** Of what goes to the centre: its answer is lost, or late, or the centre refuses it for a while. */
export type Fate = 'acknowledged' | 'unheard' | 'late' | 'refused';
export type Doing<Name extends Step['do']> = Extract<Step, { readonly do: Name }>;

const days = { readingsDays: 30, minutesDays: 300, hoursDays: 3000 };
const aClass = (name: string, tag: number, readingsDays: number): ClassRetention => ({
  ...{ ...days, name, readingsDays },
  tags: [tag],
});

/** Ways to keep readings, from long to hardly at all. */
export const KEEP: readonly Retention[] = [
  days,
  { ...days, classes: [aClass('fast', 3, 7), aClass('slow', 4, 100)] },
  { readingsDays: 3, minutesDays: 20, hoursDays: 380, classes: [aClass('fast', 3, 1)] },
  { ...days, readingsBytes: 1 },
];

const PLAIN = { noNullPrototype: true };
const GOOD = quality('good', 'none');
const DOUBTFUL = quality('uncertain', 'spike');
const BAD = quality('bad', 'not connected');

/** Now, a moment ago, and so late that its hour, its day or its chunk is done with; ahead; and absurd. */
const agoS: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 40 }) },
  { weight: 2, arbitrary: fc.nat({ max: 4_000_000 }).map((us) => us / 1_000_000) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 300 }).map((minutes) => minutes * MINUTE_S + 7) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(1, 2, 5, 9, 40, 120, 400), fc.nat({ max: 9 }))
      .map(([day, i]) => day * DAY_S + i * 20),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 100 }).map((i) => -i * 37) },
  { weight: 1, arbitrary: fc.constantFrom(-40 * DAY_S, 20_000 * DAY_S, 700_000 * DAY_S, -2_900_000 * DAY_S) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -1e12) },
);

const number = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -500, max: 500 }).map((tenths) => tenths / 10) },
  { weight: 1, arbitrary: fc.constantFrom(1e300, -1e200, Infinity, 1 / 3, POISON) },
);
const text = fc.constantFrom('RUNNING', '9223372036854775807', '-9007199254740993', '', 'Grüße, 안녕');

const content: fc.Arbitrary<Omit<Sample, 'agoS' | 'tag'>> = fc.oneof(
  { weight: 6, arbitrary: number.map((value) => ({ value, quality: GOOD, cleaned: value })) },
  {
    weight: 1,
    arbitrary: fc.tuple(number, number).map(([value, cleaned]) => ({ value, quality: DOUBTFUL, cleaned })),
  },
  { weight: 1, arbitrary: number.map((value) => ({ value, quality: BAD, cleaned: null })) },
  {
    weight: 1,
    arbitrary: fc.oneof(text, fc.constant(null)).map((value) => ({
      ...{ value, cleaned: null },
      quality: value === null ? BAD : GOOD,
    })),
  },
);

const sample: fc.Arbitrary<Sample> = fc
  .tuple(fc.constantFrom(...TAGS), agoS, content)
  .map(([tag, ago, rest]) => ({ tag, agoS: ago, ...rest }));

const save = fc.record(
  {
    do: fc.constant('save' as const),
    batches: fc.array(fc.array(sample, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
    change: fc.boolean(),
  },
  PLAIN,
);
const just = <Name extends Event>(name: Name) => fc.constant({ do: name });
const mishap = fc
  .constantFrom<Mishap>('undone', 'unheard', 'slow')
  .map((what) => ({ do: 'mishap', what }) as const);
const wait = fc.integer({ min: 1, max: 12 }).map((minutes) => ({ do: 'wait', minutes }) as const);
const job = fc.record(
  {
    do: fc.constant('job' as const),
    job: fc.constantFrom<Job>('roll-ups', 'roll-ups', 'retention', 'outbox'),
    keep: fc.nat({ max: KEEP.length - 1 }),
    failsAfter: fc.option(fc.nat({ max: 20 }), { freq: 4 }),
  },
  PLAIN,
);
const send = fc
  .constantFrom<Fate>('acknowledged', 'unheard', 'late', 'refused')
  .map((fate) => ({ do: 'send', fate }) as const);

export interface Schedules {
  /** How often the line to the database breaks, against all else (of 400). */
  readonly cuts: number;
  readonly longest: number;
}

/** What may happen to a store, in any order. */
export const schedules = ({ cuts, longest }: Schedules): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 140, arbitrary: save },
      { weight: 30, arbitrary: just('away') },
      { weight: 40, arbitrary: just('back') },
      { weight: 20, arbitrary: mishap },
      { weight: 10, arbitrary: just('restart') },
      { weight: 10, arbitrary: just('kill') },
      { weight: 30, arbitrary: wait },
      { weight: 70, arbitrary: job },
      { weight: 50, arbitrary: send },
      { weight: cuts, arbitrary: just('cut') },
    ),
    { minLength: 4, maxLength: longest, size: 'max' },
  );
