/** Says how long to wait after so much, for a mean of `perS` and a burst of one second's worth. */
export function throttle(perS: number): (amount: number, now: number) => number {
  let left = perS;
  let then = -Infinity;
  return (amount, now) => {
    left = Math.min(perS, left + ((now - then) / 1000) * perS) - amount;
    then = now;
    return left >= 0 ? 0 : (-left / perS) * 1000;
  };
}
