import type { ComponentChildren } from 'preact';
import type { Problem } from '../api.ts';
import { t } from '../locale.ts';
import type { Resource } from '../resource.ts';

export function Loading() {
  return (
    <p class="state" role="status">
      {t('state.loading')}
    </p>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="state">{children}</p>;
}

/** One sentence for a person: what is wrong and what to do. */
export function words(problem: Problem): { title: string; detail: string } {
  const { title, detail } = problem.body;
  if (problem.status === 0)
    return { title: t('problem.unreachable'), detail: detail ?? t('problem.unreachable.remedy') };
  if (problem.status === 403) return { title: t('problem.forbidden'), detail: detail ?? '' };
  // What was asked cannot be done, and the detail says why: the name of the status says less.
  if ([400, 409, 422].includes(problem.status) && detail !== undefined) return { title: detail, detail: '' };
  return { title: title ?? t('problem.status', { status: String(problem.status) }), detail: detail ?? '' };
}

export function Failure({ problem, retry }: { problem: Problem; retry?: (() => void) | undefined }) {
  const { title, detail } = words(problem);
  return (
    <div class="state failure" role="alert">
      <p>
        <strong>{title}</strong>
        {detail === '' ? null : ` ${detail}`}
      </p>
      {problem.body.faults?.length ? (
        <ul>
          {problem.body.faults.map((fault) => (
            <li key={fault.field}>
              <code>{fault.field}</code> {fault.remedy}
            </li>
          ))}
        </ul>
      ) : null}
      {problem.body.correlationId === undefined ? null : (
        <p class="note">{t('problem.correlation', { id: problem.body.correlationId })}</p>
      )}
      {retry === undefined ? null : (
        <button type="button" onClick={retry}>
          {t('action.retry')}
        </button>
      )}
    </div>
  );
}

interface Props<Value> {
  of: Resource<Value>;
  children: (value: Value) => ComponentChildren;
}

/** What was loaded; until then, or instead of it, what there is to say. */
export function Loaded<Value>({ of, children }: Props<Value>) {
  if (of.state === 'loading') return <Loading />;
  if (of.state === 'failed') return <Failure problem={of.problem} retry={of.reload} />;
  return (
    <>
      {of.problem === undefined ? null : (
        <p class="note refresh-failed">{t('state.refreshFailed', { why: words(of.problem).title })}</p>
      )}
      {children(of.value)}
    </>
  );
}
