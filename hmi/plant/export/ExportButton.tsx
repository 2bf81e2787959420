import { useState } from 'preact/hooks';
import { t } from '../../locale.ts';
import type { TagView } from '../tags.ts';
import { ExportDialog } from './ExportDialog.tsx';

interface Props {
  tag: TagView;
  /** Asked when it is pressed: what is on screen then. */
  range: () => { from: number; to: number };
}

export function ExportButton({ tag, range }: Props) {
  const [open, setOpen] = useState<{ from: number; to: number } | null>(null);
  return (
    <>
      <button type="button" onClick={() => setOpen(range())}>
        {t('export.open')}
      </button>
      {open === null ? null : <ExportDialog tag={tag} range={open} onClose={() => setOpen(null)} />}
    </>
  );
}
