import { computed, signal } from '@preact/signals';
import en from './messages/en.json' with { type: 'json' };

/** A text with {places}, or one for each plural form of `count`. */
export type Message = string | { readonly one?: string; readonly other: string };
export type Key = keyof typeof en;
/** What each language has to say. */
export type Messages = Readonly<Record<Key, Message>>;

export const languages = { en: 'English', de: 'Deutsch', ko: '한국어' } as const;
export type Language = keyof typeof languages;

/** Region is part of it: day before month and 24 hours, as control rooms keep time. */
const tags: Record<Language, string> = { en: 'en-GB', de: 'de-DE', ko: 'ko-KR' };
const KEY = 'penstock.language';

const current = signal<{ language: Language; messages: Messages }>({ language: 'en', messages: en });

export const language = computed(() => current.value.language);
/** BCP 47, for Intl. */
export const locale = computed(() => tags[current.value.language]);

const isLanguage = (text: string | null): text is Language => text !== null && text in languages;

async function messagesOf(wanted: Language): Promise<Messages> {
  switch (wanted) {
    case 'en':
      return en;
    case 'de':
      return (await import('./messages/de.json')).default;
    case 'ko':
      return (await import('./messages/ko.json')).default;
  }
}

export async function speak(wanted: Language): Promise<void> {
  current.value = { language: wanted, messages: await messagesOf(wanted) };
  localStorage.setItem(KEY, wanted);
  document.documentElement.lang = wanted;
}

/** Speaks what was chosen here before, else the first of the browser's languages that we know. */
export async function speakAsPreferred(): Promise<void> {
  const known = [localStorage.getItem(KEY), ...navigator.languages.map((tag) => tag.slice(0, 2))].find(
    isLanguage,
  );
  if (known !== undefined && known !== 'en') await speak(known);
}

/** The text of a message in the language of the page. `count` chooses the plural form. */
export function t(key: Key, params: Record<string, string | number> = {}): string {
  const { messages } = current.value;
  return fill(messages[key], params, locale.value);
}

/** Pure, for `t` and for tests. */
export function fill(message: Message, params: Record<string, string | number>, bcp47: string): string {
  const text = typeof message === 'string' ? message : plural(message, Number(params['count'] ?? 0), bcp47);
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = params[name];
    if (value === undefined) return place;
    return typeof value === 'number' ? new Intl.NumberFormat(bcp47).format(value) : value;
  });
}

function plural(forms: Exclude<Message, string>, count: number, bcp47: string): string {
  const form = new Intl.PluralRules(bcp47).select(count);
  return form === 'one' && forms.one !== undefined ? forms.one : forms.other;
}

/** For words that come from outside, such as the names of jobs: their text where we have one. */
export function translated(key: string): string | undefined {
  const { messages } = current.value;
  const message = key in messages ? messages[key as Key] : undefined;
  return typeof message === 'string' ? message : undefined;
}
