import type { VNode } from 'preact';
import { useId, useState } from 'preact/hooks';
import { t } from '../../locale.ts';
import { Choice, Hint, Json, Line, Pair, SecretField, Switch } from './lines.tsx';
import { type FieldProps, initial, isRecord, labelOf, type Schema, type Shape, shapeOf } from './schema.ts';
import { variantIndex, variantName, variantsOf } from './schema.ts';

/** One value of a configuration, drawn by its schema. */
export function SchemaField(props: FieldProps) {
  const Drawn = props.schema.writeOnly === true ? SecretField : fields[shapeOf(props.schema)];
  return <Drawn {...props} />;
}

/** The properties of an object; those with a default or optional ones stay folded away until somebody wants them. */
export function Properties({ schema, value, path, change }: Omit<FieldProps, 'name' | 'required'>) {
  const record = isRecord(value) ? value : {};
  const all = Object.entries(schema.properties ?? {}).filter(([, one]) => one.const === undefined);
  // Settled once: a field must not move from under the hands of who types into it.
  const [wanted] = useState(() => new Set([...(schema.required ?? []), ...Object.keys(record)]));
  const isNeeded = (key: string) => wanted.has(key);
  const field = ([key, one]: readonly [string, Schema]) => (
    <SchemaField
      key={key}
      {...{ name: key, schema: one, value: record[key], path: [...path, key], change }}
      required={schema.required?.includes(key) === true && one.default === undefined}
    />
  );
  const rest = all.filter(([key]) => !isNeeded(key));
  return (
    <>
      <div class="fields">{all.filter(([key]) => isNeeded(key)).map(field)}</div>
      {rest.length === 0 ? null : (
        <details class="more" open={rest.length === all.length}>
          <summary>{t('schema.more', { names: rest.map(([key]) => labelOf(key)).join(', ') })}</summary>
          <div class="fields">{rest.map(field)}</div>
        </details>
      )}
    </>
  );
}

function Group(props: FieldProps) {
  const { name, schema, value, path, required, change } = props;
  const isThere = value !== undefined;
  return (
    <fieldset class="group">
      <legend>
        {required ? (
          labelOf(name)
        ) : (
          <label class="pick-line">
            <input
              type="checkbox"
              checked={isThere}
              onChange={() => change(path, isThere ? undefined : initial(schema))}
            />
            {labelOf(name)}
          </label>
        )}
      </legend>
      <Hint schema={schema} />
      {required || isThere ? <Properties {...{ schema, value, path, change }} /> : null}
    </fieldset>
  );
}

function List({ name, schema, value, path, change }: FieldProps) {
  const items = Array.isArray(value) ? (value as unknown[]) : [];
  const { items: item = {} } = schema;
  return (
    <fieldset class="group">
      <legend>{labelOf(name)}</legend>
      <Hint schema={schema} />
      {items.map((one, i) => (
        <div key={i} class="list-item">
          <SchemaField
            name={`${name} ${i + 1}`}
            schema={item}
            value={one}
            path={[...path, i]}
            required
            change={change}
          />
          <button type="button" onClick={() => change([...path, i], undefined)}>
            {t('schema.remove')}
          </button>
        </div>
      ))}
      <button type="button" onClick={() => change([...path, items.length], initial(item) ?? '')}>
        {t('schema.add')}
      </button>
    </fieldset>
  );
}

function Entries({ name, schema, value, path, change }: FieldProps) {
  const [key, setKey] = useState('');
  const record = isRecord(value) ? value : {};
  const inner = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
  const id = useId();
  return (
    <fieldset class="group">
      <legend>{labelOf(name)}</legend>
      <Hint schema={schema} />
      {Object.entries(record).map(([one, held]) => (
        <div key={one} class="list-item">
          <SchemaField
            name={one}
            schema={inner}
            value={held}
            path={[...path, one]}
            required
            change={change}
          />
          <button type="button" onClick={() => change([...path, one], undefined)}>
            {t('schema.remove')}
          </button>
        </div>
      ))}
      <div class="list-item">
        <div class="field">
          <label for={id}>{t('schema.name')}</label>
          <input id={id} value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        </div>
        <button
          type="button"
          aria-disabled={key === '' || key in record}
          onClick={() => {
            if (key === '' || key in record) return;
            change([...path, key], initial(inner) ?? '');
            setKey('');
          }}
        >
          {t('schema.add')}
        </button>
      </div>
    </fieldset>
  );
}

function Variants({ name, schema, value, path, required, change }: FieldProps) {
  const variants = variantsOf(schema);
  const at = value === undefined && !required ? -1 : variantIndex(schema, value);
  const chosen = variants[at];
  return (
    <fieldset class="group">
      <legend>{labelOf(name)}</legend>
      <Hint schema={schema} />
      <label class="field">
        <span>{t('schema.kind')}</span>
        <select
          value={at}
          onChange={(event) => {
            const next = variants[Number(event.currentTarget.value)];
            change(path, next === undefined ? undefined : (initial(next) ?? ''));
          }}
        >
          {required ? null : <option value={-1}>{t('value.none')}</option>}
          {variants.map((variant, i) => (
            <option key={i} value={i}>
              {variantName(variant)}
            </option>
          ))}
        </select>
      </label>
      {chosen === undefined ? null : chosen.type === 'object' ? (
        <Properties key={at} {...{ schema: chosen, value, path, change }} />
      ) : (
        <SchemaField {...{ name, schema: chosen, value, path, change }} required />
      )}
    </fieldset>
  );
}

const fields: Readonly<Record<Shape, (props: FieldProps) => VNode>> = {
  group: Group,
  list: List,
  map: Entries,
  variants: Variants,
  choice: Choice,
  switch: Switch,
  number: Line,
  text: Line,
  pair: Pair,
  json: Json,
};
