import { computed, effect, signal } from '@preact/signals';
import type { AlarmView } from '../../gateway/api/alarms.ts';
import { all, call, Problem } from '../api.ts';
import { room } from '../live.ts';

export type { AlarmView };

const CALM_MS = 250;
const FALLBACK_MS = 30_000;

const loaded = signal<AlarmView[] | null>(null);
const failure = signal<Problem | null>(null);

/** The open alarms as the server last listed them; null until it has. */
export const openAlarms = computed(() => loaded.value);
export const alarmsProblem = computed(() => failure.value);

export const isUnacknowledged = ({ state }: AlarmView): boolean => state === 'active' || state === 'returned';

/** Unacknowledged first, then the most urgent, then the newest. */
export const byUrgency = (a: AlarmView, b: AlarmView): number =>
  Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) ||
  a.priority - b.priority ||
  b.raisedAt.localeCompare(a.raisedAt);

/** The most urgent open alarm of each tag. */
export const alarmOfTag = computed(() => {
  const most = new Map<number, AlarmView>();
  for (const alarm of [...(loaded.value ?? [])].sort(byUrgency)) {
    if (alarm.tag !== null && !most.has(alarm.tag)) most.set(alarm.tag, alarm);
  }
  return most;
});

async function refresh(abort: AbortSignal): Promise<void> {
  try {
    loaded.value = await all<AlarmView>('/api/v1/alarms?state=open', abort);
    failure.value = null;
  } catch (err) {
    if (abort.aborted) return;
    if (!(err instanceof Problem)) throw err;
    failure.value = err;
  }
}

/** Keeps the open alarms up to date: on each news of the room, and now and then in any case. */
export function followAlarms(): () => void {
  let abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = (waitMs: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      abort.abort();
      abort = new AbortController();
      void refresh(abort.signal);
      soon(FALLBACK_MS);
    }, waitMs);
  };
  let heard = -1;
  const stop = effect(() => {
    const { count } = room('alarms').value;
    soon(heard < 0 ? 0 : CALM_MS);
    heard = count;
  });
  return () => {
    stop();
    clearTimeout(timer);
    abort.abort();
  };
}

/** Acknowledges one by one, so that a refusal of one does not hide the others; shows them as answered at once. */
export async function acknowledge(ids: readonly string[], comment?: string): Promise<void> {
  const body = comment === undefined || comment === '' ? {} : { comment };
  const results = await Promise.allSettled(
    ids.map((id) =>
      call<AlarmView | undefined>(`/api/v1/alarms/${encodeURIComponent(id)}/acknowledgement`, {
        method: 'POST',
        body,
      }),
    ),
  );
  const changed = await call<{ items: AlarmView[] }>('/api/v1/alarms?state=open&limit=1000&offset=0');
  loaded.value = changed.items;
  const refused = results.find((result) => result.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
}

/** What a list shows while a finger rests on it: no row moves, none appears; what is known changes in place. */
export function hold(
  shown: readonly AlarmView[],
  next: readonly AlarmView[],
): { rows: AlarmView[]; fresh: number } {
  const now = new Map(next.map((alarm) => [alarm.id, alarm]));
  const rows = shown.map((alarm) => now.get(alarm.id) ?? { ...alarm, state: 'normal' as const });
  const known = new Set(shown.map(({ id }) => id));
  return { rows, fresh: next.filter(({ id }) => !known.has(id)).length };
}
