import { useEffect, useState } from 'preact/hooks';
import type { ExportPlan, ExportView } from '../../../gateway/api/history.ts';
import { call, Problem } from '../../api.ts';

export interface Wanted {
  readonly tags: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly format: 'csv' | 'parquet';
  readonly inPlantTime: boolean;
}

export function queryOf({ tags, from, to, format, inPlantTime }: Wanted): string {
  return new URLSearchParams({
    ...{ tags: tags.join(','), from: new Date(from).toISOString(), to: new Date(to).toISOString(), format },
    ...(inPlantTime && format === 'csv' ? { zone: 'plant' } : {}),
  }).toString();
}

const ASK_MS = 500;
/** A file that has not begun by then never will. */
const BEGIN_MS = 20_000;

/** Nobody can guess it. Not `randomUUID`: browsers have that over TLS only. */
const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );

/** Has the browser save the file: it goes to the disk as it comes, whatever its size. */
function save(query: string, file: string): void {
  const link = document.createElement('a');
  link.href = `/api/v1/readings/export?${query}`;
  link.download = file;
  document.body.append(link);
  link.click();
  link.remove();
}

const pathOf = (id: string): string => `/api/v1/readings/exports/${id}`;

export type Running = { state: 'idle' } | { state: 'starting'; file: string } | ExportView;

/** One export: `start` rejects where it is refused; from then on how far it is, until it has ended. */
export function useExport() {
  const [id, setId] = useState<string | null>(null);
  const [running, setRunning] = useState<Running>({ state: 'idle' });
  const [problem, setProblem] = useState<Problem | null>(null);
  const isUnderWay = running.state === 'starting' || running.state === 'running';

  useEffect(() => {
    if (id === null || !isUnderWay) return undefined;
    const abort = new AbortController();
    const begun = performance.now();
    const ask = async () => {
      try {
        setRunning(await call<ExportView>(pathOf(id), { signal: abort.signal }));
        setProblem(null);
      } catch (err) {
        if (abort.signal.aborted || !(err instanceof Problem)) return;
        if (err.status === 404 && performance.now() - begun < BEGIN_MS) return;
        setProblem(err);
        if (err.status === 404) setRunning({ state: 'idle' });
      }
    };
    const timer = setInterval(() => void ask(), ASK_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [id, isUnderWay]);

  const start = async (wanted: Wanted) => {
    const own = newId();
    setProblem(null);
    try {
      const query = `${queryOf(wanted)}&id=${own}`;
      const { file } = await call<ExportPlan>(`/api/v1/readings/export/plan?${query}`);
      save(query, file);
      setId(own);
      setRunning({ state: 'starting', file });
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      setProblem(err);
    }
  };
  const cancel = async () => {
    if (id === null) return;
    try {
      await call(pathOf(id), { method: 'DELETE' });
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      setProblem(err);
    }
  };
  return { running, problem, isUnderWay, start, cancel };
}
