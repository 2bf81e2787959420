import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HttpAddress, HttpRequest } from '../../collectors/http/config.ts';
import { NoDocument, readDocument } from '../../collectors/http/document.ts';
import { readingsIn } from '../../collectors/http/poll.ts';
import { readPayload } from '../../collectors/payload.ts';
import { TimeFormat, timeReader } from '../../collectors/wall-time.ts';
import { BadBatch, decodeBatch, encodeBatch } from '../../history/batch.ts';
import { decodeFrame, encodeFrame } from '../../history/frame.ts';
import { CentreMessage, EventsPayload } from '../../sync/wire.ts';
import { aPoint } from '../support/collecting.ts';
import { forgetful, NOW, TIMEOUT, anyJson, bytesOf, fuzz, mutated, plain, refusal } from '../support/fuzz.ts';
import { anyReading } from '../support/history.ts';

// No crash, no wrong value, no leak, for as long as there is time. A failure says the seed that brings it back.

test('a failure that is found as the time runs out is told', async () => {
  const late = fc.property(fc.integer({ min: 1 }), () => {
    for (const end = Date.now() + 100; Date.now() < end;);
    throw new Error('found');
  });
  await expect(fuzz(late, 0.1)).rejects.toThrow('PENSTOCK_TEST_FUZZ_SEED');
});

test(
  'history/batch: what was written comes back, anything else is refused as damaged',
  async () => {
    const readings = fc.array(anyReading(), { maxLength: 40 });
    const valid = readings.map((some) => encodeBatch(some));
    const inner = fc.uint8Array({ maxLength: 200 }).map((body) => Uint8Array.of(1, ...deflateRawSync(body)));
    await fuzz(
      fc.property(readings, fc.oneof(mutated(valid), inner), (some, bytes) => {
        expect(decodeBatch(encodeBatch(some))).toStrictEqual(some);
        const found = refusal(() => decodeBatch(bytes), BadBatch);
        if (found?.every(({ at }) => Number.isFinite(at)) === true) {
          const again = refusal(() => encodeBatch(found), RangeError);
          if (again !== undefined) expect(decodeBatch(again)).toStrictEqual(found);
        }
      }),
    );
  },
  TIMEOUT,
);

test(
  'history/frame: what was written comes back, anything else is refused or bounded',
  async () => {
    const readings = fc.array(
      anyReading().map(({ tag, at, value, quality }) => ({ tag, at, value, quality })),
      { maxLength: 40 },
    );
    const frame = fc.record(
      { seq: fc.maxSafeNat(), now: fc.nat(), snapshot: fc.boolean(), readings },
      { noNullPrototype: true },
    );
    await fuzz(
      fc.property(frame, mutated(frame.map((one) => encodeFrame(one))), (sent, bytes) => {
        expect(decodeFrame(encodeFrame(sent))).toStrictEqual(sent);
        const found = refusal(() => decodeFrame(bytes), RangeError, TypeError);
        if (found !== undefined) expect(found.readings.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  },
  TIMEOUT,
);

const uuid = '0b5a3b56-3f1e-4e64-9b0e-3f5d1c1f0a11';
const messages = [
  { type: 'training-status', id: uuid, state: 'failed', error: null },
  { type: 'model', training: uuid, artefact: '{}', sha256: '0'.repeat(64), signature: 'AAAA' },
];
const events = [
  {
    type: 'training-ordered',
    id: uuid,
    tag: 1,
    kind: 'mstl',
    settings: {},
    from: null,
    to: NOW,
    orderedAt: NOW,
    orderedBy: 'x',
  },
];

test(
  'sync/wire: a message is what the schema says, or refused',
  async () => {
    const text = mutated(fc.constantFrom(...messages, events).map(bytesOf));
    await fuzz(
      fc.property(text, anyJson, (bytes, document) => {
        const parsed = refusal(() => JSON.parse(new TextDecoder().decode(bytes)) as unknown, SyntaxError);
        for (const schema of [CentreMessage, EventsPayload]) {
          schema.safeParse(document);
          const found = schema.safeParse(parsed);
          if (found.success)
            expect(schema.parse(JSON.parse(JSON.stringify(found.data)))).toStrictEqual(found.data);
        }
      }),
    );
  },
  TIMEOUT,
);

test(
  'payloads: a JSON document is itself, anything else is told',
  async () => {
    await fuzz(
      fc.property(anyJson, mutated(anyJson.map(bytesOf)), fc.bigInt(), (document, bytes, long) => {
        const text = JSON.stringify(document);
        // A number is any that JSON can write: its own parser is the oracle, but for integers beyond 2^53.
        if (!/\d{16}/.test(text))
          expect(readPayload(new TextEncoder().encode(text))).toEqual({
            kind: 'document',
            document: JSON.parse(text) as unknown,
          });
        const kept = readPayload(new TextEncoder().encode(`{"a":[${long}]}`));
        expect(kept).toEqual({
          kind: 'document',
          document: { a: [Number.isSafeInteger(Number(long)) ? Number(long) : String(long)] },
        });
        expect(['document', 'text', 'malformed']).toContain(readPayload(bytes).kind);
      }),
    );
  },
  TIMEOUT,
);

const pointsFor = (value: string | number) => [
  aPoint(1, HttpAddress.parse({ request: 'a', value })),
  aPoint(2, HttpAddress.parse({ request: 'a', value }), 'text'),
];

test(
  'http documents: readings are plain, and what cannot be read is told',
  async () => {
    const report = forgetful;
    const request = HttpRequest.parse({ each: '$.list', timeAt: 't' });
    const task = { name: 'a', request, points: pointsFor('$.v') };
    const record = fc.record({
      v: anyJson,
      t: fc.oneof(fc.integer(), fc.date({ noInvalidDate: true }), fc.string()),
    });
    const body = fc.record({ list: fc.array(record, { maxLength: 6 }) }).map(bytesOf);
    await fuzz(
      fc.asyncProperty(fc.oneof(mutated(body), body), async (bytes) => {
        const document = await readDocument(bytes, request).catch((err: unknown) => {
          if (!(err instanceof NoDocument)) throw err;
          return undefined;
        });
        if (document !== undefined) plain(readingsIn(document, task, { now: NOW, report }));
      }),
    );
  },
  TIMEOUT,
);

test(
  'tables: each number written is the number read, and what cannot be read is told',
  async () => {
    const report = forgetful;
    const request = HttpRequest.parse({
      format: 'csv',
      csv: { delimiter: ';', decimal: ',' },
      timeAt: 't',
      time: { format: 'ms' },
    });
    const task = { name: 'a', request, points: pointsFor('v').slice(0, 1) };
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const rows = fc.array(fc.tuple(number, fc.string({ unit: 'grapheme', maxLength: 10 })), {
      minLength: 1,
      maxLength: 10,
    });
    const written = rows.map((all) => ({
      values: all.map(([value]) => value),
      bytes: new TextEncoder().encode(
        [
          't;v;w',
          ...all.map(
            ([value, text], i) =>
              `${NOW - i};${String(value).replace('.', ',')};"${text.replaceAll('"', '""')}"`,
          ),
        ].join('\n'),
      ),
    }));
    await fuzz(
      fc.asyncProperty(
        written,
        mutated(written.map(({ bytes }) => bytes)),
        async ({ values, bytes }, damaged) => {
          const whole = readingsIn(await readDocument(bytes, request), task, { now: NOW, report });
          expect(whole.map(({ value }) => Number(value))).toEqual(values.map((value) => value + 0)); // text has no -0
          const found = await readDocument(damaged, request).catch((err: unknown) => {
            if (!(err instanceof NoDocument)) throw err;
            return undefined;
          });
          if (found !== undefined) plain(readingsIn(found, task, { now: NOW, report }));
        },
      ),
    );
  },
  TIMEOUT,
);

test(
  'times: any text in any zone is an instant or a reason',
  async () => {
    const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', '-03:30', 'UTC');
    const format = fc.constantFrom(
      'iso',
      's',
      'ms',
      'dd.MM.yyyy HH:mm:ss',
      'M/d/yy h:mm a',
      "yyyyMMdd'T'HHmm",
    );
    const written = fc.oneof(
      fc.string(),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      mutated(fc.constant(new TextEncoder().encode('25.10.2026 02:30:00'))).map((bytes) =>
        new TextDecoder().decode(bytes),
      ),
      anyJson,
    );
    await fuzz(
      fc.property(format, zone, fc.array(written, { maxLength: 5 }), (given, name, texts) => {
        const read = timeReader(TimeFormat.parse({ format: given, zone: name }));
        for (const text of texts) {
          const at = read(text, 'a');
          if (typeof at === 'number') expect(Number.isFinite(at)).toBe(true);
          else expect(at).not.toBe('');
        }
      }),
    );
  },
  TIMEOUT,
);
