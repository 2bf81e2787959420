import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync('hmi/style/palette.css', 'utf8');

/** The custom properties of the rule that begins with `selector`. */
function colours(selector: string): Map<string, string> {
  const rule = css.slice(css.indexOf(selector)).split('}')[0] ?? '';
  return new Map([...rule.matchAll(/--([\w-]+): (#[\da-f]{6})/g)].map(([, name, value]) => [name!, value!]));
}

/** Relative luminance after WCAG 2.2. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

const themes = [
  ['light', ':root {'],
  ['dark', ":root[data-theme='dark']"],
  ['dark of the system', ':root:not([data-theme])'],
] as const;
const readable = ['text', 'label', 'value', 'stale'];
const visible = ['line', 'focus', 'p1', 'p2', 'p3-edge', 'p4', 'forecast'];
const pairs = [
  ['p1', 'p1-ink'],
  ['p2', 'p2-ink'],
  ['p3', 'p3-ink'],
  ['p4', 'p4-ink'],
  ['act', 'act-text'],
  ['chosen', 'chosen-text'],
  ['loss', 'loss-text'],
  ['field', 'text'],
] as const;

for (const [theme, selector] of themes) {
  const of = colours(selector);
  const colour = (name: string) => of.get(name) ?? expect.fail(`${theme} has no colour ${name}`);

  for (const ground of ['page', 'panel']) {
    test.each(readable)(`${theme}: text in %s on ${ground} has a contrast of 4.5`, (name) => {
      expect(contrast(colour(name), colour(ground))).toBeGreaterThanOrEqual(4.5);
    });
    test.each(visible)(`${theme}: the graphic in %s on ${ground} has a contrast of 3`, (name) => {
      expect(contrast(colour(name), colour(ground))).toBeGreaterThanOrEqual(3);
    });
  }
  test.each(pairs)(`${theme}: what is written on %s has a contrast of 4.5`, (ground, ink) => {
    expect(contrast(colour(ink), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });
}

test.each([
  ['text', 11.4],
  ['label', 5.9],
  ['value', 8.4],
  ['p1', 3.9],
  ['p2', 3.5],
  ['p4', 4.35],
])('%s on the light page has the contrast that was measured when it was chosen', (name, measured) => {
  const of = colours(':root {');
  expect(Math.abs(contrast(of.get(name)!, of.get('page')!) - measured)).toBeLessThan(0.06);
});

test('both ways into the dark theme wear the same colours', () => {
  expect(colours(':root:not([data-theme])')).toEqual(colours(":root[data-theme='dark']"));
});
