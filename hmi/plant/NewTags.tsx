import { useState } from 'preact/hooks';
import type { AreaView } from '../../gateway/api/plant.ts';
import type { PlaceView } from '../../gateway/api/sources.ts';
import { all, call } from '../api.ts';
import { Command } from '../components/Command.tsx';
import { Loaded } from '../components/States.tsx';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { forgetTags, useTags } from './tags.ts';

interface Props {
  source: string;
  places: readonly PlaceView[];
  done: () => void;
}

/** A name as tag lists have them: what is no letter, digit, dot or dash becomes one underscore. */
export const tagName = (prefix: string, { name }: Pick<PlaceView, 'name'>): string =>
  `${prefix}${name.trim().replace(/[^\p{L}\p{N}.-]+/gu, '_')}`;

const entry = (
  place: PlaceView,
  { area, source, prefix }: { area: string; source: string; prefix: string },
) => ({
  ...{ name: tagName(prefix, place), area, source, address: place.address, unit: place.unit },
  description: place.description === '' ? place.name : place.description,
  kind: place.kind ?? 'number',
  ...(place.range === null || place.kind === 'text' ? {} : { range: place.range }),
});

/** Makes tags of the signals that were picked. */
export function NewTags({ source, places, done }: Props) {
  const areas = useResource('areas', (signal) => all<AreaView>('/api/v1/areas', signal));
  const taken = new Set(useTags().value?.map(({ name }) => name));
  const [area, setArea] = useState('');
  const [prefix, setPrefix] = useState('');
  return (
    <section class="panel order" aria-labelledby="new-tags">
      <h2 id="new-tags">{t('browse.newTags', { count: places.length })}</h2>
      <Loaded of={areas}>
        {(known) => {
          const chosen = area === '' ? (known[0]?.name ?? '') : area;
          const names = places.map((place) => tagName(prefix, place));
          const twice = names.filter((name, i) => taken.has(name) || names.indexOf(name) < i);
          const make = async () => {
            const tags = places.map((place) => entry(place, { area: chosen, source, prefix }));
            await call('/api/v1/tags', { method: 'POST', body: tags });
            forgetTags();
            done();
          };
          return (
            <>
              <div class="fields">
                <label class="field">
                  <span>{t('tag.area')}</span>
                  <select value={chosen} onChange={(event) => setArea(event.currentTarget.value)}>
                    {known.map(({ id, name }) => (
                      <option key={id} value={name}>
                        {name}
                      </option>
                    ))}
                  </select>
                </label>
                <label class="field">
                  <span>{t('browse.prefix')}</span>
                  <input value={prefix} onInput={(event) => setPrefix(event.currentTarget.value)} />
                </label>
              </div>
              <p class="note wrap">{names.join(', ')}</p>
              <Command
                role="engineer"
                run={make}
                blocked={
                  chosen === ''
                    ? t('browse.needsArea')
                    : twice.length > 0
                      ? t('browse.taken', { names: twice.join(', ') })
                      : undefined
                }
              >
                {t('browse.make')}
              </Command>
            </>
          );
        }}
      </Loaded>
    </section>
  );
}
