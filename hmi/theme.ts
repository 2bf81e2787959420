import { signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const KEY = 'penstock.theme';
const stored = (): Theme => themes.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';

const chosen = signal<Theme>('system');
export const theme = {
  get value() {
    return chosen.value;
  },
};

/** Counts changes of the colours in force, for what is drawn on a canvas. */
export const repaint = signal(0);

export function wear(wanted: Theme): void {
  chosen.value = wanted;
  localStorage.setItem(KEY, wanted);
  if (wanted === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = wanted;
  repaint.value++;
}

export function wearAsChosen(): void {
  wear(stored());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    repaint.value++;
  });
}
