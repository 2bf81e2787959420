const SHOWN = 60;

/** Foreign text in a message of ours: short and on one line. */
export const shown = (text: string): string =>
  (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text).replace(/\p{Cc}/gu, '·');
