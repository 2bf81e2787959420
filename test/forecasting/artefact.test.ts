import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import { Artefact, canonicalBytes, JobData } from '../../forecasting/artefact.ts';
import { aModel } from '../support/forecasting.ts';

const text = (document: object) => new TextDecoder().decode(canonicalBytes(document));

test('a document has one byte form, whatever the order of its keys', () => {
  expect(text({ b: [1, { d: null, c: 'é' }], a: 1.5 })).toBe('{"a":1.5,"b":[1,{"c":"é","d":null}]}');
});

test('for any document: the canonical bytes read back as the same document, and are a fixed point', () => {
  fc.assert(
    fc.property(
      fc.object({ values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null)] }),
      (document) => {
        const back = JSON.parse(text(document)) as object;
        expect(back).toEqual(document);
        expect(text(back)).toBe(text(document));
      },
    ),
  );
});

test('a number that JSON cannot hold is refused instead of becoming null', () => {
  expect(() => canonicalBytes({ mae: NaN })).toThrow('cannot hold the number NaN');
});

test('a trained model survives the way through its bytes', () => {
  const model = aModel();
  expect(Artefact.parse(JSON.parse(text(model)))).toEqual(model);
});

test('an artefact with a parameter that its kind does not know is refused', () => {
  const model = aModel();
  const tampered = { ...model, learned: { kind: 'mstl', params: { season: 24 } } };
  expect(Artefact.safeParse(tampered).success).toBe(false);
});

test('data with a text where a number is due is refused with its place', () => {
  const answer = JobData.safeParse({ start: 0, stepMs: 1000, values: [1, '2'] });
  expect(answer.error?.issues[0]?.path).toEqual(['values', 1]);
});
