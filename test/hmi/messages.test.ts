import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fill } from '../../hmi/locale.ts';

type Message = string | Record<string, string>;
const read = (language: string) =>
  JSON.parse(readFileSync(`hmi/messages/${language}.json`, 'utf8')) as Record<string, Message>;
const en = read('en');

const forms = (message: Message): string[] =>
  typeof message === 'string' ? [message] : Object.values(message);
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();

test.each(['de', 'ko'])('%s says all that English says, and nothing else', (language) => {
  expect(Object.keys(read(language)).sort()).toEqual(Object.keys(en).sort());
});

test.each(['de', 'ko'])('each text in %s has the places of the English one', (language) => {
  for (const [key, message] of Object.entries(read(language))) {
    const expected = new Set(forms(en[key] ?? '').map((text) => places(text).join()));
    for (const text of forms(message)) expect([key, expected.has(places(text).join())]).toEqual([key, true]);
  }
});

test.each(['en', 'de', 'ko'])('no text in %s is empty', (language) => {
  for (const [key, message] of Object.entries(read(language))) {
    for (const text of forms(message)) expect([key, text.trim()]).not.toEqual([key, '']);
  }
});

test('a count chooses the form, and stands in it as the language writes numbers', () => {
  const message = { one: '{count} alarm', other: '{count} alarms' };
  expect(fill(message, { count: 1 }, 'en-GB')).toBe('1 alarm');
  expect(fill(message, { count: 1200 }, 'de-DE')).toBe('1.200 alarms');
});

test('a place nobody filled stays to be seen', () => {
  expect(fill('Needs {role}', {}, 'en-GB')).toBe('Needs {role}');
});
