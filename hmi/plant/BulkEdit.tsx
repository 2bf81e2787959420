import { useState } from 'preact/hooks';
import type { AreaView } from '../../gateway/api/plant.ts';
import { all, call } from '../api.ts';
import { Command } from '../components/Command.tsx';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import type { TagView } from './tags.ts';

/** What many tags can have in common. */
const fields = ['area', 'unit', 'decimals', 'expectedMs', 'range', 'normal', 'spike', 'stuckMs'] as const;
type Field = (typeof fields)[number];

const whole = (text: string): number | undefined => {
  const number = Number(text);
  return text !== '' && Number.isInteger(number) && number >= 0 ? number : undefined;
};
const interval = (text: string): readonly number[] | null | undefined => {
  if (text === '') return null;
  const ends = text.split(/\s*(?:\.\.+|…|;)\s*/).map(Number);
  return ends.length === 2 && ends.every(Number.isFinite) ? ends : undefined;
};

const readers: Readonly<Record<Field, (text: string) => unknown>> = {
  area: (text) => (text === '' ? undefined : text),
  unit: (text) => text,
  decimals: whole,
  expectedMs: whole,
  range: interval,
  normal: interval,
  spike: (text) => (text === '' ? undefined : text === 'true'),
  stuckMs: (text) => (text === '' ? null : whole(text)),
};

/** What was typed, as plant.yaml has it. Undefined: it is not that. Null: the setting is to go. */
export const parse = (field: Field, text: string): unknown => readers[field](text.trim());

/** Sets one thing of many tags. Each is changed by itself: a fault names its tag, and those before it are done. */
export function BulkEdit({ tags, done }: { tags: readonly TagView[]; done: () => void }) {
  const [field, setField] = useState<Field>('area');
  const [text, setText] = useState('');
  const [count, setCount] = useState<number | null>(null);
  const next = parse(field, text);

  const run = async () => {
    setCount(0);
    try {
      for (const { id } of tags) {
        const path = `/api/v1/tags/${id}/settings`;
        const before = await call<object>(path);
        // What is undefined is left out of the JSON.
        await call(path, { method: 'PUT', body: { ...before, [field]: next ?? undefined } });
        setCount((before) => (before ?? 0) + 1);
      }
      done();
    } finally {
      setCount(null);
    }
  };

  return (
    <section class="panel order" aria-labelledby="bulk">
      <h2 id="bulk">{t('tags.bulk', { count: tags.length })}</h2>
      <div class="fields">
        <label class="field">
          <span>{t('tags.field')}</span>
          <select
            value={field}
            onChange={(event) => {
              setField(event.currentTarget.value as Field);
              setText('');
            }}
          >
            {fields.map((one) => (
              <option key={one} value={one}>
                {t(`tags.field.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <NewValue field={field} text={text} setText={setText} />
      </div>
      <Command
        role="engineer"
        run={run}
        blocked={next === undefined ? t('tags.needsValue') : undefined}
        confirm={{
          title: t('tags.bulk', { count: tags.length }),
          text: t('tags.bulkQuestion', { field: t(`tags.field.${field}`), value: text, count: tags.length }),
          action: t('tags.change'),
        }}
      >
        {t('tags.change')}
      </Command>
      {count === null ? null : (
        <p class="note" role="status">
          {t('tags.progress', { done: count, total: tags.length })}
        </p>
      )}
    </section>
  );
}

interface NewValueProps {
  field: Field;
  text: string;
  setText: (text: string) => void;
}

function NewValue({ field, text, setText }: NewValueProps) {
  const areas = useResource('areas', (signal) => all<AreaView>('/api/v1/areas', signal));
  const choices: Partial<Record<Field, [string, string][]>> = {
    area: areas.value?.map(({ name }) => [name, name]) ?? [],
    spike: [
      ['true', t('tags.on')],
      ['false', t('tags.off')],
    ],
  };
  const offered = choices[field];
  return (
    <label class="field">
      <span>{t('tags.newValue')}</span>
      {offered === undefined ? (
        <input
          value={text}
          placeholder={field === 'range' || field === 'normal' ? '0 .. 100' : ''}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      ) : (
        <select value={text} onChange={(event) => setText(event.currentTarget.value)}>
          <option value="" />
          {offered.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      )}
    </label>
  );
}
