import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../api.ts';
import { t } from '../locale.ts';
import { Failure } from './States.tsx';

interface Props {
  action: string;
  send: (fields: Record<string, string>) => Promise<unknown>;
  children: ComponentChildren;
  /** Why it may not be sent now. */
  blocked?: string | null;
}

/** Checks by the browser's own rules, sends once, says what went wrong. */
export function Form({ action, send, children, blocked = null }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const submit = async (form: HTMLFormElement) => {
    const fields: Record<string, string> = {};
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') fields[name] = value;
    setBusy(true);
    setProblem(null);
    try {
      await send(fields);
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      setProblem(err);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy && blocked === null) void submit(event.currentTarget);
      }}
    >
      {children}
      {problem === null ? null : <Failure problem={problem} />}
      <button type="submit" class="act primary" aria-disabled={busy || blocked !== null}>
        {busy ? t('state.sending') : action}
      </button>
      {blocked === null ? null : <p class="reason">{blocked}</p>}
    </form>
  );
}
