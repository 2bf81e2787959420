import { useEffect, useMemo, useState } from 'preact/hooks';
import { PageHead } from '../components/PageHead.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { t } from '../locale.ts';
import { AlarmMark } from './AlarmMark.tsx';
import { alarmOfTag } from './alarms.ts';
import { loadSparks } from './spark.ts';
import { TagTile } from './TagTile.tsx';
import { type TagView, useTags } from './tags.ts';

interface Area {
  name: string;
  tags: TagView[];
}

/** Level 1 and 2 of the display hierarchy: every area at a glance, each tag with its context. */
export function Overview() {
  const tags = useTags();
  return (
    <>
      <PageHead title={t('overview.title')} />
      <Loaded of={tags}>
        {(all) => (all.length === 0 ? <Empty>{t('overview.empty')}</Empty> : <Areas tags={all} />)}
      </Loaded>
    </>
  );
}

function byArea(tags: readonly TagView[]): Area[] {
  const areas = new Map<string, TagView[]>();
  for (const tag of tags) areas.set(tag.area, [...(areas.get(tag.area) ?? []), tag]);
  return [...areas].map(([name, members]) => ({ name, tags: members }));
}

function Areas({ tags }: { tags: readonly TagView[] }) {
  const areas = useMemo(() => byArea(tags), [tags]);
  const [only, setOnly] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    void loadSparks(
      tags.filter(({ kind }) => kind === 'number').map(({ id }) => id),
      abort.signal,
    );
    return () => abort.abort();
  }, [tags]);

  return (
    <>
      <div class="areas" role="group" aria-label={t('overview.areas')}>
        <button type="button" aria-pressed={only === null} onClick={() => setOnly(null)}>
          {t('overview.allAreas')} <small>{tags.length}</small>
        </button>
        {areas.map((area) => (
          <AreaButton
            key={area.name}
            area={area}
            pressed={only === area.name}
            onPress={() => setOnly(area.name)}
          />
        ))}
      </div>
      {areas
        .filter(({ name }) => only === null || only === name)
        .map((area) => (
          <section key={area.name} class="area" aria-labelledby={`area-${area.name}`}>
            <h2 id={`area-${area.name}`}>{area.name}</h2>
            <div class="tiles">
              {area.tags.map((tag) => (
                <TagTile key={tag.id} tag={tag} />
              ))}
            </div>
          </section>
        ))}
    </>
  );
}

function AreaButton({ area, pressed, onPress }: { area: Area; pressed: boolean; onPress: () => void }) {
  const alarms = area.tags.flatMap(({ id }) => alarmOfTag.value.get(id) ?? []);
  const worst = Math.min(...alarms.map(({ priority }) => priority));
  const [most] = alarms.filter(({ priority }) => priority === worst);
  return (
    <button type="button" aria-pressed={pressed} onClick={onPress}>
      {area.name} <small>{area.tags.length}</small>
      {most === undefined ? null : (
        <span class="area-alarms">
          <AlarmMark priority={most.priority} state={most.state} />
          {alarms.length}
        </span>
      )}
    </button>
  );
}
