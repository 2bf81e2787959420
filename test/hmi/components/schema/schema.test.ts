import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  initial,
  labelOf,
  type Schema,
  setAt,
  shapeOf,
  variantIndex,
} from '../../../../hmi/components/schema/schema.ts';

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Schema;

test.each<[string, z.ZodType]>([
  ['text', z.string()],
  ['number', z.number().int().min(1)],
  ['switch', z.boolean()],
  ['choice', z.enum(['a', 'b'])],
  ['choice', z.union([z.literal(4), z.literal(5)])],
  ['group', z.strictObject({ a: z.string() })],
  ['list', z.array(z.string())],
  ['map', z.record(z.string(), z.number())],
  ['variants', z.union([z.strictObject({ a: z.string() }), z.strictObject({ b: z.string() })])],
  ['json', z.unknown()],
  ['pair', z.tuple([z.number(), z.number()])],
  ['json', z.tuple([z.number(), z.string()])],
])('a %s is drawn as what it is', (shape, schema) => {
  expect(shapeOf(schemaOf(schema))).toBe(shape);
});

test('a new value holds what must be there, and leaves defaults to the gateway', () => {
  const schema = schemaOf(
    z.strictObject({
      kind: z.literal('tcp'),
      host: z.string(),
      port: z.number().default(502),
      tls: z.strictObject({ ca: z.string() }).optional(),
      users: z.array(z.string()),
    }),
  );
  expect(initial(schema)).toEqual({ kind: 'tcp', users: [] });
});

test('a value finds its variant by the constant that it holds, or by its keys', () => {
  const byConstant = schemaOf(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('tcp'), host: z.string() }),
      z.strictObject({ kind: z.literal('rtu'), path: z.string() }),
    ]),
  );
  expect(variantIndex(byConstant, { kind: 'rtu', path: '/dev/ttyS0' })).toBe(1);
  const byKeys = schemaOf(
    z.union([z.strictObject({ broker: z.string() }), z.strictObject({ client: z.string() })]),
  );
  expect(variantIndex(byKeys, { client: 'x' })).toBe(1);
});

test('setting a place changes that place alone, and taking it away leaves the others', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  fc.assert(
    fc.property(fc.dictionary(key, fc.integer()), key, fc.integer(), (tree, at, next) => {
      const before = structuredClone(tree);
      expect(setAt(tree, [at], next)).toEqual({ ...tree, [at]: next });
      expect(Object.keys(setAt(tree, [at], undefined) as object)).toEqual(
        Object.keys(tree).filter((one) => one !== at),
      );
      expect(tree).toEqual(before);
    }),
  );
  expect(setAt({ users: [{ name: 'x' }, { name: 'y' }] }, ['users', 0], undefined)).toEqual({
    users: [{ name: 'y' }],
  });
  expect(setAt(undefined, ['tls', 'ca'], 'ca.pem')).toEqual({ tls: { ca: 'ca.pem' } });
});

test('units of a key are said in words', () => {
  expect(labelOf('pollMs')).toBe('Poll (ms)');
  expect(labelOf('maxPacketBytes')).toBe('Max packet (bytes)');
  expect(labelOf('user')).toBe('User');
  expect(labelOf('maxMessagesPerS')).toBe('Max messages (1/s)');
  expect(labelOf('caFile')).toBe('CA file');
});
