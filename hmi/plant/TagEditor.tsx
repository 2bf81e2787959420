import { useLocation, useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';
import type { AreaView, SourceView } from '../../gateway/api/plant.ts';
import type { ProtocolView } from '../../gateway/api/sources.ts';
import { all, call } from '../api.ts';
import { Command } from '../components/Command.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Loaded } from '../components/States.tsx';
import { type Schema, setAt } from '../components/schema/schema.ts';
import { Properties } from '../components/schema/SchemaField.tsx';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { forgetTags } from './tags.ts';

type Entry = Readonly<Record<string, unknown>>;

/** All that is set of one tag: where it is read, what is believed of it, its alarms, its forecast, who may write it. */
export function TagEditor() {
  const id = useRoute().params['id'] ?? '';
  const path = `/api/v1/tags/${encodeURIComponent(id)}/settings`;
  const known = useResource(path, async (signal) => {
    const [entry, schema, protocols, sources, areas] = await Promise.all([
      call<Entry>(path, { signal }),
      call<Schema>('/api/v1/tags.schema.json', { signal }),
      call<readonly ProtocolView[]>('/api/v1/protocols', { signal }),
      all<SourceView>('/api/v1/sources', signal),
      all<AreaView>('/api/v1/areas', signal),
    ]);
    const protocol = sources.find(({ name }) => name === entry['source'])?.protocol;
    const address = protocols.find(({ name }) => name === protocol)?.address as Schema | undefined;
    return { name: String(entry['name']), entry, schema: narrowed(schema, address ?? {}, areas) };
  });
  const name = known.value?.name ?? '';
  return (
    <>
      <PageHead
        title={t('tag.settings')}
        trail={[
          { name: t('tags.title'), path: '/tags' },
          { name, path: `/tags/${id}` },
        ]}
      />
      <Loaded of={known}>
        {({ entry, schema }) => <Editor {...{ entry, schema, path }} back={`/tags/${id}`} />}
      </Loaded>
    </>
  );
}

const fixed: ReadonlySet<string> = new Set(['name', 'source']);

/** The schema of this tag: its address is of its protocol, its area one of the plant's; name and source stay. */
export function narrowed(schema: Schema, address: Schema, areas: readonly Pick<AreaView, 'name'>[]): Schema {
  const properties = Object.entries(schema.properties ?? {}).filter(([key]) => !fixed.has(key));
  const area = { enum: areas.map(({ name }) => name) };
  return { ...schema, properties: { ...Object.fromEntries(properties), address, area } };
}

interface EditorProps {
  entry: Entry;
  schema: Schema;
  path: string;
  back: string;
}

function Editor({ entry: before, schema, path, back }: EditorProps) {
  const [entry, setEntry] = useState<unknown>(before);
  const { route } = useLocation();
  const save = async () => {
    await call(path, { method: 'PUT', body: entry });
    forgetTags();
    route(back);
  };
  return (
    <form class="panel" onSubmit={(event) => event.preventDefault()} autocomplete="off">
      <Properties
        schema={schema}
        value={entry}
        path={[]}
        change={(at, next) => setEntry(setAt(entry, at, next))}
      />
      <Command role="engineer" run={save}>
        {t('source.save')}
      </Command>
    </form>
  );
}
