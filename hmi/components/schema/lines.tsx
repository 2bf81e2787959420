import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { t } from '../../locale.ts';
import { type FieldProps, labelOf, optionsOf, type Schema, secretName, shapeOf } from './schema.ts';

const shownDefault = ({ default: given }: Schema): string | undefined =>
  given === undefined ? undefined : typeof given === 'string' ? given : JSON.stringify(given);

/** What the schema says about it. */
export function Hint({ schema: { description }, id }: { schema: Schema; id?: string }) {
  return description === undefined ? null : (
    <small id={id} class="hint">
      {description.replace(/`([^`]*)`/g, '“$1”')}
    </small>
  );
}

interface Labelled extends Pick<FieldProps, 'schema'> {
  label: string;
  children: (ids: { id: string; 'aria-describedby': string | undefined }) => ComponentChildren;
}

/** A field with its label before and what the schema says of it after it. */
function Labelled({ label, schema, children }: Labelled) {
  const id = useId();
  const described = schema.description === undefined ? undefined : `${id}-hint`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described })}
      <Hint id={`${id}-hint`} schema={schema} />
    </div>
  );
}

export function Choice({ name, schema, value, path, required, change }: FieldProps) {
  const options = optionsOf(schema) ?? [];
  const fallback = shownDefault(schema);
  const choose = (text: string) =>
    change(
      path,
      options.find((option) => String(option) === text),
    );
  return (
    <Labelled label={labelOf(name)} schema={schema}>
      {(ids) => (
        <select
          {...ids}
          value={typeof value === 'string' || typeof value === 'number' ? String(value) : ''}
          required={required}
          onChange={(event) => choose(event.currentTarget.value)}
        >
          <option value="">{fallback === undefined ? '' : t('schema.default', { value: fallback })}</option>
          {options.map((option) => (
            <option key={option} value={String(option)}>
              {option}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

export function Switch({ name, schema, value, path, change }: FieldProps) {
  const isOn = value === undefined ? schema.default === true : value === true;
  return (
    <div class="field">
      <label class="pick-line">
        <input type="checkbox" checked={isOn} onChange={() => change(path, !isOn)} />
        {labelOf(name)}
      </label>
      <Hint schema={schema} />
    </div>
  );
}

export function Line({ name, schema, value, path, required, change }: FieldProps) {
  const common = {
    placeholder: shownDefault(schema),
    required,
    spellcheck: false,
    autocapitalize: 'none' as const,
    value: typeof value === 'number' || typeof value === 'string' ? value : '',
  };
  const take = (text: string, next: unknown) => change(path, text === '' ? undefined : next);
  return (
    <Labelled label={labelOf(name)} schema={schema}>
      {(ids) =>
        shapeOf(schema) === 'text' ? (
          <input
            {...common}
            {...ids}
            type="text"
            onInput={({ currentTarget: { value: text } }) => take(text, text)}
          />
        ) : (
          <input
            {...common}
            {...ids}
            type="number"
            step={schema.type === 'integer' ? 1 : 'any'}
            min={schema.minimum}
            max={schema.maximum}
            onInput={({ currentTarget: { value: text } }) => take(text, Number(text))}
          />
        )
      }
    </Labelled>
  );
}

/** Two numbers: a lower and an upper limit. */
export function Pair({ name, schema, value, path, change }: FieldProps) {
  const ends = Array.isArray(value) ? (value as unknown[]) : [];
  const put = (place: number, text: string) => {
    const next = [0, 1].map((i) => (i === place ? (text === '' ? null : Number(text)) : (ends[i] ?? null)));
    change(path, next.every((end) => end === null) ? undefined : next);
  };
  return (
    <fieldset class="field pair">
      <legend>{labelOf(name)}</legend>
      {(['schema.low', 'schema.high'] as const).map((label, i) => (
        <input
          key={label}
          type="number"
          step="any"
          aria-label={t(label)}
          placeholder={t(label)}
          value={typeof ends[i] === 'number' ? ends[i] : ''}
          onInput={(event) => put(i, event.currentTarget.value)}
        />
      ))}
      <Hint schema={schema} />
    </fieldset>
  );
}

/** What no field was made for: as JSON, and only taken while it is JSON. */
export function Json({ name, schema, value, path, required, change }: FieldProps) {
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value));
  const [isWrong, setWrong] = useState(false);
  const take = (next: string) => {
    setText(next);
    try {
      change(path, next.trim() === '' ? undefined : (JSON.parse(next) as unknown));
      setWrong(false);
    } catch {
      setWrong(true);
    }
  };
  return (
    <Labelled label={`${labelOf(name)} (JSON)`} schema={schema}>
      {(ids) => (
        <input
          {...ids}
          value={text}
          required={required}
          aria-invalid={isWrong}
          spellcheck={false}
          onInput={(event) => take(event.currentTarget.value)}
        />
      )}
    </Labelled>
  );
}

/** A password: what is kept is named, never shown; what is typed replaces it. */
export function SecretField({ name, schema, value, path, required, change }: FieldProps) {
  const kept = secretName(value);
  return (
    <Labelled label={labelOf(name)} schema={schema}>
      {(ids) => (
        <>
          <input
            {...ids}
            type="password"
            autocomplete="new-password"
            required={required && kept === undefined}
            value={typeof value === 'string' ? value : ''}
            placeholder={kept === undefined ? undefined : t('schema.kept')}
            onInput={(event) =>
              change(path, event.currentTarget.value === '' ? undefined : event.currentTarget.value)
            }
          />
          {kept === undefined ? null : <small>{t('schema.keptAs', { name: kept })}</small>}
        </>
      )}
    </Labelled>
  );
}
