import { useState } from 'preact/hooks';
import { t } from '../../locale.ts';
import { type FieldProps, labelOf, optionsOf, type Schema, secretName, shapeOf } from './schema.ts';

const shownDefault = ({ default: given }: Schema): string | undefined =>
  given === undefined ? undefined : typeof given === 'string' ? given : JSON.stringify(given);

export function Choice({ name, schema, value, path, required, change }: FieldProps) {
  const options = optionsOf(schema) ?? [];
  const fallback = shownDefault(schema);
  const choose = (text: string) =>
    change(
      path,
      options.find((option) => String(option) === text),
    );
  return (
    <label class="field">
      <span>{labelOf(name)}</span>
      <select
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
    </label>
  );
}

export function Switch({ name, schema, value, path, change }: FieldProps) {
  const isOn = value === undefined ? schema.default === true : value === true;
  return (
    <label class="pick-line">
      <input type="checkbox" checked={isOn} onChange={() => change(path, !isOn)} />
      {labelOf(name)}
    </label>
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
    <label class="field">
      <span>{labelOf(name)}</span>
      {shapeOf(schema) === 'text' ? (
        <input {...common} type="text" onInput={({ currentTarget: { value: text } }) => take(text, text)} />
      ) : (
        <input
          {...common}
          type="number"
          step={schema.type === 'integer' ? 1 : 'any'}
          min={schema.minimum}
          max={schema.maximum}
          onInput={({ currentTarget: { value: text } }) => take(text, Number(text))}
        />
      )}
    </label>
  );
}

/** What no field was made for: as JSON, and only taken while it is JSON. */
export function Json({ name, value, path, required, change }: FieldProps) {
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
    <label class="field">
      <span>{labelOf(name)} (JSON)</span>
      <input
        value={text}
        required={required}
        aria-invalid={isWrong}
        spellcheck={false}
        onInput={(event) => take(event.currentTarget.value)}
      />
    </label>
  );
}

/** A password: what is kept is named, never shown; what is typed replaces it. */
export function SecretField({ name, value, path, required, change }: FieldProps) {
  const kept = secretName(value);
  return (
    <label class="field">
      <span>{labelOf(name)}</span>
      <input
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
    </label>
  );
}
