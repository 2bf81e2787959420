import { useEffect, useMemo, useState } from 'preact/hooks';
import { PageHead } from '../components/PageHead.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { t } from '../locale.ts';
import { AlarmMark } from './AlarmMark.tsx';
import { alarmOfTag, openAlarms } from './alarms.ts';
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
  const areas = useMemo(() => byArea(tags.value ?? []), [tags.value]);
  const [only, setOnly] = useState<string | null>(null);
  const shown = useMemo(() => areas.filter(({ name }) => only === null || only === name), [areas, only]);
  return (
    <>
      <PageHead title={t('overview.title')}>
        <AreaButtons areas={areas} only={only} onOnly={setOnly} />
      </PageHead>
      <Loaded of={tags}>
        {(all) => (all.length === 0 ? <Empty>{t('overview.empty')}</Empty> : <Areas areas={shown} />)}
      </Loaded>
    </>
  );
}

function byArea(tags: readonly TagView[]): Area[] {
  const areas = new Map<string, TagView[]>();
  for (const tag of tags) areas.set(tag.area, [...(areas.get(tag.area) ?? []), tag]);
  return [...areas].map(([name, members]) => ({ name, tags: members }));
}

function Areas({ areas }: { areas: readonly Area[] }) {
  useEffect(() => {
    const abort = new AbortController();
    const tags = areas.flatMap((area) => area.tags).filter(({ kind }) => kind === 'number');
    void loadSparks(
      tags.map(({ id }) => id),
      abort.signal,
    );
    return () => abort.abort();
  }, [areas]);
  return areas.map((area) => (
    <section key={area.name} class="area" aria-labelledby={`area-${area.name}`}>
      <h2 id={`area-${area.name}`}>{area.name}</h2>
      <div class="tiles">
        {area.tags.map((tag) => (
          <TagTile key={tag.id} tag={tag} />
        ))}
      </div>
    </section>
  ));
}

interface ButtonsProps {
  areas: readonly Area[];
  only: string | null;
  onOnly: (name: string | null) => void;
}

function AreaButtons({ areas, only, onOnly }: ButtonsProps) {
  return (
    <div class="areas" role="group" aria-label={t('overview.areas')}>
      <button type="button" aria-pressed={only === null} onClick={() => onOnly(null)}>
        {t('overview.allAreas')}
      </button>
      {areas.map((area) => (
        <AreaButton
          key={area.name}
          area={area}
          pressed={only === area.name}
          onPress={() => onOnly(area.name)}
        />
      ))}
    </div>
  );
}

function AreaButton({ area, pressed, onPress }: { area: Area; pressed: boolean; onPress: () => void }) {
  const ofDevices = (openAlarms.value ?? []).filter(({ tag, area: at }) => tag === null && at === area.name);
  const alarms = [...area.tags.flatMap(({ id }) => alarmOfTag.value.get(id) ?? []), ...ofDevices];
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
