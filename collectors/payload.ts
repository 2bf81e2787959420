import { messageOf } from './message-of.ts';

/** What a message carries: a document, a bare text such as `ON` or `12,5`, or nothing usable. */
export type Payload =
  | { readonly kind: 'document'; readonly document: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'malformed'; readonly why: string };

/** Deeper ones are accepted by the parser, but break whatever copies or prints the result. */
const DEEPEST = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function readPayload(bytes: Uint8Array): Payload {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { kind: 'malformed', why: 'it is not UTF-8' };
  }
  if (opensMany(text) && depth(text) > DEEPEST)
    return { kind: 'malformed', why: `it nests more than ${DEEPEST} levels` };
  try {
    return { kind: 'document', document: JSON.parse(keepLongIntegers(text)) as unknown };
  } catch (err) {
    if (!/^\s*[[{"]/.test(text)) return { kind: 'text', text };
    return { kind: 'malformed', why: messageOf(err) };
  }
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Integers beyond 2^53 become strings, which keep all digits. */
function keepLongIntegers(text: string): string {
  if (!hasLongDigits(text)) return text;
  return text.replace(TOKEN, (token) =>
    /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** Whether 16 digits follow each other. At least one of so many stands at a multiple of 16: only there is looked. */
function hasLongDigits(text: string): boolean {
  for (let at = 15; at < text.length; at += 16) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let from = at;
    let to = at + 1;
    while (isDigit(text.charCodeAt(from - 1))) from--;
    while (isDigit(text.charCodeAt(to))) to++;
    if (to - from >= 16) return true;
  }
  return false;
}

/** Whether it may nest so deep at all: it opens as many. */
function opensMany(text: string): boolean {
  let opened = 0;
  for (const bracket of '[{') {
    for (let at = text.indexOf(bracket); at >= 0 && opened <= DEEPEST; at = text.indexOf(bracket, at + 1))
      opened++;
  }
  return opened > DEEPEST;
}

function depth(text: string): number {
  let deepest = 0;
  let level = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) quoted = !quoted;
    else if (quoted) i += char === 0x5c ? 1 : 0;
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, ++level);
    else if (char === 0x7d || char === 0x5d) level--;
  }
  return deepest;
}
