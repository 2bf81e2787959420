import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../locale.ts';

const PATIENCE_S = 10;

interface Props {
  title: string;
  text: string;
  action: string;
  onConfirm: () => void;
  onCancel: () => void;
}

/** The second step of a command. It gives up by itself, and Enter does not confirm: Cancel has the focus. */
export function Confirm({ title, text, action, onConfirm, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [left, setLeft] = useState(PATIENCE_S);
  const id = useId();

  useLayoutEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    const timer = setInterval(() => setLeft((seconds) => seconds - 1), 1000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (left <= 0) onCancel();
  }, [left, onCancel]);

  return (
    <dialog ref={dialog} class="confirm" aria-labelledby={`${id}-title`} onClose={onCancel}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p>{text}</p>
      <div class="choices">
        <button type="button" class="act" autofocus onClick={onCancel}>
          {t('action.cancel')} ({Math.max(left, 0)})
        </button>
        <button type="button" class="act primary" onClick={onConfirm}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
