/** One at a time: who is urgent goes before those that wait already. */
export function turns() {
  const urgent: (() => void)[] = [];
  const patient: (() => void)[] = [];
  let taken = false;

  const leave = () => {
    const next = urgent.shift() ?? patient.shift();
    if (next === undefined) taken = false;
    else next();
  };
  return async <T>(work: () => Promise<T>, queue: 'urgent' | 'patient' = 'patient'): Promise<T> => {
    if (taken) await new Promise<void>((resolve) => (queue === 'urgent' ? urgent : patient).push(resolve));
    taken = true;
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
