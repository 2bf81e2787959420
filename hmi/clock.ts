import { computed, signal } from '@preact/signals';

const WINDOW = 10;
const WORTH_A_WARNING_MS = 2000;

const offsetMs = signal(0);
let offsets: number[] = [];
let timer: ReturnType<typeof setInterval> | undefined;

/** The server's time now, milliseconds since the epoch. */
export const serverNow = (): number => Date.now() + offsetMs.value;

/** Server time as a signal that ticks each second, for as long as anyone looks at it. */
export const now = signal(Date.now(), {
  watched: () => {
    tick();
    timer = setInterval(tick, 1000);
  },
  unwatched: () => clearInterval(timer),
});

function tick(): void {
  now.value = Date.now() + offsetMs.peek();
}

/** How far this computer's clock is from the server's, when that is over two seconds (rule S5). */
export const clockSkewMs = computed(() =>
  Math.abs(offsetMs.value) > WORTH_A_WARNING_MS ? -offsetMs.value : null,
);

/** Learns from a time that the server just sent. A message can only be late, so the greatest offset is the best. */
export function hearServerTime(sentAt: number): void {
  offsets = [...offsets.slice(1 - WINDOW), sentAt - Date.now()];
  offsetMs.value = Math.max(...offsets);
}
