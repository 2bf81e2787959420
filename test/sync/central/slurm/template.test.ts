import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_TEMPLATE, scriptOf } from '../../../../sync/central/slurm/script.ts';
import { readTemplate, render } from '../../../../sync/central/slurm/template.ts';
import type { Values } from '../../../../sync/central/slurm/template.ts';

const values: Values = {
  ...{ model_name: 'm-1', model_path: '/jobs/m-1', output_path: '/jobs/m-1/result', program: '/jobs/p.mjs' },
  ...{ cpus: '2', memory_mb: '1500', time_minutes: '30', node: 'node' },
};
const script = (changes: Values = {}, template = DEFAULT_TEMPLATE) =>
  scriptOf({ template: readTemplate(template), values: { ...values, ...changes }, setup: [], resumes: null });

test.each([
  "'",
  '"',
  '`id`',
  '$(id)',
  '${HOME}',
  'a b',
  'a\nb',
  'a;b',
  'a|b',
  'a&b',
  '#SBATCH',
  '../x',
  '-x',
  '{{node}}',
  '',
  '\0',
  'ä',
])('a value of %j is refused for each variable, and named', (bad) => {
  for (const name of Object.keys(values))
    expect(() => render('#!/bin/bash', { ...values, [name]: bad })).toThrow(name);
});

test('no value that is taken means anything to a shell', () => {
  fc.assert(
    fc.property(fc.constantFrom(...(Object.keys(values) as (keyof Values)[])), fc.string(), (name, value) => {
      let text: string;
      try {
        text = render(`{{${name}}}`, { [name]: value });
      } catch {
        return;
      }
      expect(text).toMatch(/^[A-Za-z0-9/][A-Za-z0-9_.:@+,/-]*$/);
    }),
  );
});

test('a variable that is unknown, or has no value, is refused', () => {
  expect(() => render('{{colour}}', values)).toThrow("'colour', which is no variable");
  expect(() => render('{{gres}}', values)).toThrow("needs 'gres'");
  expect(() => render('', { colour: 'red' } as Values)).toThrow("no variable 'colour'");
});

test('a line with an optional variable is left out where that has no value', () => {
  expect(script()).not.toContain('--gres');
  expect(script({ gres: 'gpu:1' })).toContain('#SBATCH --gres=gpu:1\n');
});

test.each([
  ['#!/bin/sh\n{{program}}', '#!/bin/bash'],
  ['#!/bin/bash\r\n{{program}}', 'line breaks'],
  ['#!/bin/bash\necho\n#SBATCH --mem=1\n{{program}}', 'behind a command'],
  ['#!/bin/bash\n#SBATCH -J mine\n{{program}}', "centre's own"],
  ['#!/bin/bash\necho', '{{program}}'],
])('the template %j is refused with the reason', (template, why) => {
  expect(() => readTemplate(template)).toThrow(why);
});

test('a script is one that bash can read, and claims its folder ahead of all else', () => {
  const text = script();
  expect(() => execFileSync('/bin/bash', ['-n'], { input: text })).not.toThrow();
  const lines = text.split('\n').filter((line) => !line.startsWith('#') && line !== '');
  expect(lines.slice(0, 3)).toEqual([
    'umask 077',
    'cd "/jobs/m-1" || exit 1',
    'if mkdir claim 2>/dev/null; then',
  ]);
});
