/** A time in milliseconds since the epoch as a parameter of a query: text that keeps the microseconds a Date drops. */
export function instant(at: number): string {
  const whole = Math.floor(at);
  const micros = Math.round((at - whole) * 1000);
  const ms = micros === 1000 ? whole + 1 : whole;
  const iso = new Date(ms).toISOString();
  const fraction = String(micros % 1000).padStart(3, '0');
  return `${iso.slice(0, -1)}${fraction}Z`;
}
