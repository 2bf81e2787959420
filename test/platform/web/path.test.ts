import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fieldsOf, pathMap, segmentsOf } from '../../../platform/web/path.ts';

const harmless = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  // eslint-disable-next-line no-control-regex -- these are refused on purpose
  .filter((text) => !/[\0-\x1f]|(^|[\\/])\.{1,2}($|[\\/])/.test(text));

test('whatever a segment holds comes back as it was before encoding', () => {
  fc.assert(
    fc.property(fc.array(harmless, { minLength: 1, maxLength: 5 }), (segments) => {
      expect(segmentsOf(`/${segments.map(encodeURIComponent).join('/')}`)).toEqual(segments);
    }),
  );
});

test('no path whatever yields a segment that climbs', () => {
  const nasty = fc.array(fc.constantFrom('.', '..', '%2e', '%2E', '/', '%2f', '%5c', '\\', 'a', '%00', '%'), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(nasty, (pieces) => {
      const segments = segmentsOf(`/${pieces.join('')}`);
      expect(segments?.flatMap((segment) => segment.split(/[\\/]/)) ?? []).not.toContain('..');
      expect(segments?.flatMap((segment) => segment.split(/[\\/]/)) ?? []).not.toContain('.');
    }),
  );
});

test('a query comes back as the fields it was made of', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' })),
      (fields) => {
        const query = new URLSearchParams(fields).toString();
        expect(fieldsOf(query)).toEqual({ fields: { ...fields } });
      },
    ),
  );
});

test('a query of any bytes is either fields or the name of the wrong one', () => {
  fc.assert(
    fc.property(fc.string(), (query) => {
      const result = fieldsOf(query);
      expect('fields' in result || typeof result.wrong === 'string').toBe(true);
    }),
  );
});

test('the value of an open segment is found again wherever it stands', () => {
  const map = pathMap<string>();
  for (const path of ['/sites/{id}', '/sites/{id}/tags', '/sites/{site}/tags/{tag}', '/sites/newest'])
    map.add('GET', path, path);
  fc.assert(
    fc.property(harmless, harmless, (site, tag) => {
      expect(map.find(['sites', site, 'tags', tag])?.get('GET')).toEqual({
        value: '/sites/{site}/tags/{tag}',
        params: { site, tag },
      });
      const one = map.find(['sites', site])?.get('GET');
      expect(one?.value).toBe(site === 'newest' ? '/sites/newest' : '/sites/{id}');
    }),
  );
  expect(map.find(['sites', ''])).toBeUndefined();
  expect(map.find(['sites', 'a', 'tags', ''])).toBeUndefined();
  expect(map.find(['sites', 'a', 'alarms'])).toBeUndefined();
});

test('one path and method declared twice is a mistake of ours', () => {
  const map = pathMap<number>();
  map.add('GET', '/a/{b}', 1);
  expect(() => map.add('GET', '/a/{c}', 2)).toThrow('The route GET /a/{c} is declared twice.');
});
