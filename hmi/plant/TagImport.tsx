import { useState } from 'preact/hooks';
import type { TagImport as Result } from '../../gateway/api/tags.ts';
import { call, Problem } from '../api.ts';
import { Command } from '../components/Command.tsx';
import { Failure } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { t } from '../locale.ts';

const SHOWN_FAULTS = 100;

const send = (csv: Blob, isPreview: boolean): Promise<Result> =>
  call<Result>(`/api/v1/tags/import?preview=${isPreview}`, {
    method: 'POST',
    text: { type: 'text/csv', content: csv },
  });

/** Brings tags in from a spreadsheet: first what would change, then the change. */
export function TagImport({ done }: { done: () => void }) {
  const [csv, setCsv] = useState(new Blob());
  const [result, setResult] = useState<Result | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  const look = async (file: File | undefined) => {
    setResult(null);
    setProblem(null);
    if (file === undefined) return;
    // As it was read now: what is imported is what was previewed, though the file may change.
    const content = new Blob([await file.arrayBuffer()]);
    setCsv(content);
    try {
      setResult(await send(content, true));
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      setProblem(err);
    }
  };
  const bring = async () => {
    setResult(await send(csv, false));
    done();
  };

  return (
    <section class="panel" aria-labelledby="tag-import">
      <h2 id="tag-import">{t('tags.import')}</h2>
      <label class="field">
        <span>{t('tags.file')}</span>
        <input
          type="file"
          accept=".csv,text/csv"
          onChange={(event) => void look(event.currentTarget.files?.[0])}
        />
      </label>
      {problem === null ? null : <Failure problem={problem} />}
      {result === null ? null : <Preview result={result} />}
      {result === null || result.imported ? null : (
        <Command
          role="engineer"
          run={bring}
          blocked={
            result.faults.length > 0
              ? t('tags.mendFirst')
              : nothingToDo(result)
                ? t('tags.noChange')
                : undefined
          }
        >
          {t('tags.bring')}
        </Command>
      )}
    </section>
  );
}

const nothingToDo = ({ added, changed }: Result): boolean => added.length + changed.length === 0;

function Preview({ result: { rows, added, changed, unchanged, faults, imported } }: { result: Result }) {
  return (
    <div role="status">
      <p class="strong">
        {t(imported ? 'tags.imported' : 'tags.preview', {
          rows,
          added: added.length,
          changed: changed.length,
          unchanged,
        })}
      </p>
      {added.length === 0 ? null : (
        <p class="note wrap">{t('tags.added', { names: added.slice(0, 50).join(', ') })}</p>
      )}
      {changed.slice(0, 50).map(({ name, columns }) => (
        <p key={name} class="note wrap">
          {name}: {columns.join(', ')}
        </p>
      ))}
      {faults.length === 0 ? null : (
        <Table
          caption={t('sources.faults')}
          columns={faultColumns()}
          rows={faults.slice(0, SHOWN_FAULTS)}
          id={({ row, column, message }) => `${row} ${column} ${message}`}
        />
      )}
    </div>
  );
}

type Fault = Result['faults'][number];
const faultColumns = (): Column<Fault>[] => [
  { key: 'row', head: t('tags.row'), align: 'right', cell: ({ row }) => row },
  { key: 'column', head: t('tags.column'), cell: ({ column }) => <code>{column}</code> },
  { key: 'value', head: t('command.value'), cell: ({ value }) => <span class="wrap">{value}</span> },
  { key: 'message', head: t('sources.faults'), cell: ({ message }) => <span class="wrap">{message}</span> },
];
