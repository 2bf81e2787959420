import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Problem } from '../api.ts';
import { t } from '../locale.ts';
import type { Role } from '../session.ts';
import { Confirm } from './Confirm.tsx';
import { hindered } from './hindered.ts';
import { words } from './States.tsx';

interface Props {
  role: Role;
  children: ComponentChildren;
  /** Names the object where the visible text alone would not, as for one button in each row. */
  label?: string;
  /** With it the command asks first, in a dialog with a button elsewhere (rule C2). */
  confirm?: { title: string; text: string; action: string } | undefined;
  run: () => Promise<unknown>;
  blocked?: string | undefined;
}

/** A button that changes something: disabled with the reason, busy while it runs, failed with the reason. */
export function Command({ role, children, label, confirm, run, blocked }: Props) {
  const [isAsking, setAsking] = useState(false);
  const { isRunning, failure, go } = useAction(run);
  const id = useId();
  const why = hindered(role) ?? blocked;
  const remark = failure ?? why;
  const isBlocked = why !== undefined || isRunning;
  const press = () => {
    if (isBlocked) return;
    if (confirm === undefined) void go();
    else setAsking(true);
  };

  return (
    <span class="command">
      <button
        type="button"
        class="act"
        aria-label={label}
        aria-disabled={isBlocked}
        aria-describedby={remark === undefined ? undefined : id}
        title={why}
        onClick={press}
      >
        {isRunning ? t('state.sending') : children}
      </button>
      {remark === undefined ? null : <Remark id={id} text={remark} isFailure={failure !== null} />}
      {isAsking && confirm !== undefined ? (
        <Confirm
          {...confirm}
          onConfirm={() => {
            setAsking(false);
            void go();
          }}
          onCancel={() => setAsking(false)}
        />
      ) : null}
    </span>
  );
}

function Remark({ id, text, isFailure }: { id: string; text: string; isFailure: boolean }) {
  return (
    <span id={id} class={isFailure ? 'reason failed' : 'reason'} role={isFailure ? 'alert' : undefined}>
      {text}
    </span>
  );
}

function useAction(run: () => Promise<unknown>) {
  const [isRunning, setRunning] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const go = async () => {
    setRunning(true);
    setFailure(null);
    try {
      await run();
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      const { title, detail } = words(err);
      const said = detail === '' ? title : detail;
      const more = err.body.faults?.filter(({ remedy }) => !said.includes(remedy)) ?? [];
      setFailure([said, ...more.map(({ field, remedy }) => `${field}: ${remedy}`)].join('\n'));
    } finally {
      setRunning(false);
    }
  };
  return { isRunning, failure, go };
}
