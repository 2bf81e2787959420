import { useId } from 'preact/hooks';

interface Props {
  label: string;
  name: string;
  type?: 'text' | 'password';
  hint?: string;
  autocomplete?: string;
  minLength?: number;
  autofocus?: boolean;
}

export function Field({ label, name, type = 'text', hint, autocomplete, minLength, autofocus }: Props) {
  const id = useId();
  const common = {
    id,
    name,
    required: true,
    minLength,
    autocomplete: autocomplete ?? 'off',
    autocapitalize: 'none' as const,
    spellcheck: false,
    autofocus,
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === 'text' ? <input {...common} type="text" /> : <input {...common} type="password" />}
      {hint === undefined ? null : (
        <p id={`${id}-hint`} class="note">
          {hint}
        </p>
      )}
    </div>
  );
}
