/** The colours of the chart, from the style sheet in force: a canvas cannot use custom properties itself. */
export interface Ink {
  text: string;
  label: string;
  grid: string;
  line: string;
  pen: string;
  envelope: string;
  forecast: string;
  wide: string;
  narrow: string;
  doubt: string;
}

export function inkOf(element: Element): Ink {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of('text'),
    label: of('label'),
    grid: of('grid'),
    line: of('line'),
    pen: of('value'),
    envelope: of('envelope'),
    forecast: of('forecast'),
    wide: of('band-wide'),
    narrow: of('band-narrow'),
    doubt: of('doubt'),
  };
}
