/** Addresses that are remembered. */
const MOST_ADDRESSES = 10_000;

interface Door {
  left: number;
  then: number;
}

/** Whether one more may come now, of so many a second from each address, and as many at once. Who is refused does not count. */
export function admission(perS: number): (address: string, now: number) => boolean {
  /** The longest quiet first. */
  const doors = new Map<string, Door>();
  const burst = Math.max(1, perS);
  return (address, now) => {
    const { left, then } = doors.get(address) ?? { left: burst, then: now };
    const free = Math.min(burst, left + ((now - then) / 1000) * perS);
    doors.delete(address);
    doors.set(address, { left: free < 1 ? free : free - 1, then: now });
    const [quietest] = doors.keys();
    if (doors.size > MOST_ADDRESSES && quietest !== undefined) doors.delete(quietest);
    return free >= 1;
  };
}
