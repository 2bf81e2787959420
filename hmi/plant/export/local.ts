import { timeZone } from '../../session.ts';

/** The site's clock at an instant, as an input for date and time has it; to the second. */
export function toLocal(at: number): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    ...{ timeZone: timeZone.value, dateStyle: 'short', timeStyle: 'medium' },
  });
  return format.format(at).replace(' ', 'T');
}

const asUtc = (local: string): number => Date.parse(`${local}Z`);

/** The instant at which the site's clock shows this; null where it is none. Of two, the earlier one. */
export function fromLocal(text: string): number | null {
  const wanted = asUtc(text);
  if (Number.isNaN(wanted)) return null;
  const ahead = (at: number) => asUtc(toLocal(at)) - Math.floor(at / 1000) * 1000;
  const day = 86_400_000;
  const candidates = [wanted - ahead(wanted - day), wanted - ahead(wanted + day)];
  const shown = candidates.filter((at) => at + ahead(at) === wanted);
  return Math.min(...(shown.length === 0 ? candidates : shown));
}
