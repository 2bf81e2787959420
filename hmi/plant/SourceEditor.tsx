import { useLocation, useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';
import type { ProtocolView, SourceSettings, TestResult } from '../../gateway/api/sources.ts';
import { call } from '../api.ts';
import { Command } from '../components/Command.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Loaded } from '../components/States.tsx';
import {
  initial,
  type Schema,
  setAt,
  variantIndex,
  variantName,
  variantsOf,
} from '../components/schema/schema.ts';
import { Properties } from '../components/schema/SchemaField.tsx';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { parted, saveSource } from './source-settings.ts';
import { TestSteps } from './TestSteps.tsx';

const loadProtocols = (signal: AbortSignal) => call<readonly ProtocolView[]>('/api/v1/protocols', { signal });

/** A new source: which protocol, then its settings. */
export function NewSource() {
  const protocols = useResource('protocols', loadProtocols);
  const [chosen, choose] = useState<ProtocolView | null>(null);
  return (
    <>
      <PageHead title={t('source.new')} trail={[{ name: t('sources.title'), path: '/sources' }]} />
      <Loaded of={protocols}>
        {(all) => (
          <>
            <section class="panel" aria-label={t('source.protocol')}>
              <div class="choices" role="group" aria-label={t('source.protocol')}>
                {all.map((protocol) => (
                  <button
                    key={protocol.name}
                    type="button"
                    aria-pressed={protocol === chosen}
                    onClick={() => choose(protocol)}
                  >
                    {t(`protocol.${protocol.name as 'opcua'}`)}
                  </button>
                ))}
              </div>
            </section>
            {chosen === null ? null : (
              <Editor key={chosen.name} protocol={chosen} name={null} before={null} />
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

/** The settings of a source that is there. */
export function EditSource() {
  const name = useRoute().params['name'] ?? '';
  const path = `/api/v1/sources/${encodeURIComponent(name)}`;
  const both = useResource(path, async (signal) => ({
    protocols: await loadProtocols(signal),
    settings: await call<SourceSettings>(`${path}/settings`, { signal }),
  }));
  const trail = [
    { name: t('sources.title'), path: '/sources' },
    { name, path: `/sources/${encodeURIComponent(name)}` },
  ];
  return (
    <>
      <PageHead title={t('source.settings')} trail={trail} />
      <Loaded of={both}>
        {({ protocols, settings }) => {
          const protocol = protocols.find((one) => one.name === settings.protocol);
          return protocol === undefined ? null : <Editor protocol={protocol} name={name} before={settings} />;
        }}
      </Loaded>
    </>
  );
}

interface EditorProps {
  protocol: ProtocolView;
  /** Null: still to be given. */
  name: string | null;
  before: SourceSettings | null;
}

function Editor({ protocol, name: given, before }: EditorProps) {
  const schema = protocol.config as Schema;
  const [name, setName] = useState(given ?? '');
  const [config, setConfig] = useState<unknown>(() => before?.config ?? initial(schema));
  const [result, setResult] = useState<TestResult | null>(null);
  const { route } = useLocation();
  const called = name.trim();

  const test = async () => {
    setResult(null);
    const body = { protocol: protocol.name, ...parted(called || 'new', config, schema) };
    setResult(await call<TestResult>('/api/v1/sources/test', { method: 'POST', body }));
  };
  const save = async () => {
    const enabled = before?.enabled ?? true;
    const settings = { protocol: protocol.name as SourceSettings['protocol'], config, enabled };
    await saveSource(called, settings, schema);
    route(`/sources/${encodeURIComponent(called)}`);
  };

  return (
    <form class="panel" onSubmit={(event) => event.preventDefault()} autocomplete="off">
      {given === null ? (
        <label class="field">
          <span>{t('sources.name')}</span>
          <input
            required
            maxLength={120}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
      ) : null}
      <Config schema={schema} value={config} change={setConfig} />
      <div class="choices">
        <Command role="engineer" run={test}>
          {t('source.test')}
        </Command>
        <Command role="engineer" run={save} blocked={called === '' ? t('source.needsName') : undefined}>
          {t('source.save')}
        </Command>
      </div>
      {result === null ? null : <TestSteps result={result} />}
    </form>
  );
}

/** The top of a configuration: the fields of an object, or of the variant that was chosen. */
function Config({
  schema,
  value,
  change,
}: {
  schema: Schema;
  value: unknown;
  change: (next: unknown) => void;
}) {
  const set = (path: readonly (string | number)[], next: unknown) => change(setAt(value, path, next));
  const variants = variantsOf(schema);
  if (variants.length === 0) return <Properties schema={schema} value={value} path={[]} change={set} />;
  const at = variantIndex(schema, value);
  return (
    <>
      <label class="field">
        <span>{t('schema.kind')}</span>
        <select
          value={at}
          onChange={(event) => change(initial(variants[Number(event.currentTarget.value)] ?? {}))}
        >
          {variants.map((variant, i) => (
            <option key={i} value={i}>
              {variantName(variant)}
            </option>
          ))}
        </select>
      </label>
      <Properties key={at} schema={variants[at] ?? {}} value={value} path={[]} change={set} />
    </>
  );
}
