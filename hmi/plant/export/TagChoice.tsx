import { useState } from 'preact/hooks';
import { t } from '../../locale.ts';
import { type TagView, useTags } from '../tags.ts';

const SHOWN = 20;

interface Props {
  chosen: readonly TagView[];
  onChoose: (tags: readonly TagView[]) => void;
}

const matches = ({ name, description, area }: TagView, words: string): boolean =>
  `${name} ${description} ${area}`.toLowerCase().includes(words.toLowerCase());

/** Tags by search: those chosen stay on top, and can be taken out again. */
export function TagChoice({ chosen, onChoose }: Props) {
  const [search, setSearch] = useState('');
  const tags = useTags().value ?? [];
  const ids = new Set(chosen.map(({ id }) => id));
  const others = tags.filter((tag) => !ids.has(tag.id) && matches(tag, search));
  const shown = [...chosen, ...others.slice(0, SHOWN)];

  return (
    <fieldset class="group tag-choice">
      <legend>{t('export.tags', { count: chosen.length })}</legend>
      <label class="field">
        <span>{t('export.search')}</span>
        <input type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
      </label>
      <div class="choice-list">
        {shown.map((tag) => (
          <label key={tag.id} class="pick-line">
            <input
              type="checkbox"
              checked={ids.has(tag.id)}
              onChange={() =>
                onChoose(ids.has(tag.id) ? chosen.filter(({ id }) => id !== tag.id) : [...chosen, tag])
              }
            />
            <span>
              {tag.name} <small>{tag.description}</small>
            </span>
          </label>
        ))}
      </div>
      {others.length === 0 ? null : (
        <button type="button" onClick={() => onChoose([...chosen, ...others])}>
          {t('export.all', { count: others.length })}
        </button>
      )}
    </fieldset>
  );
}
