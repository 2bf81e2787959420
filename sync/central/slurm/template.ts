/** A template or one of its values cannot be used; the message says which and why. */
export class BadTemplate extends Error {
  override name = 'BadTemplate';
}

const word = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const path = /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+){1,32}$/;
const number = /^\d{1,7}$/;

/** Every variable that a template may have, and what its value may be. Nothing in them means anything to a shell. */
const variables = {
  model_name: word,
  model_path: path,
  output_path: path,
  fold_index: /^\d{1,4}$/,
  task_number: /^\d{1,4}$/,
  partition: /^[A-Za-z0-9][A-Za-z0-9_.-]*(,[A-Za-z0-9][A-Za-z0-9_.-]*)*$/,
  account: word,
  cpus: number,
  memory_mb: number,
  time_minutes: number,
  gres: /^[A-Za-z0-9_]+(:[A-Za-z0-9_.-]+){0,2}(,[A-Za-z0-9_]+(:[A-Za-z0-9_.-]+){0,2})*$/,
  exclude: /^[A-Za-z0-9][A-Za-z0-9_.-]*(,[A-Za-z0-9][A-Za-z0-9_.-]*)*$/,
  container_image: /^(?!.*\.\.)[A-Za-z0-9/][A-Za-z0-9_./:@+-]{0,254}$/,
  node: /^[A-Za-z0-9_/][A-Za-z0-9_./-]*$/,
  program: path,
} as const satisfies Readonly<Record<string, RegExp>>;
export type Variable = keyof typeof variables;
export type Values = Readonly<Partial<Record<Variable, string>>>;

const isVariable = (name: string): name is Variable => Object.hasOwn(variables, name);

/**
 * Fills `{{name}}` in. Each value has to be on its variable's list; each variable of the template has to be known and
 * to have a value, but for `{{name?}}`: without a value its whole line is left out.
 */
export function render(template: string, values: Values): string {
  for (const [name, value] of Object.entries(values)) check(name, value);
  return template
    .split('\n')
    .filter((line) => {
      const optional = [...line.matchAll(/\{\{([^{}]*)\?\}\}/g)];
      return optional.every(([, name = '']) => !isVariable(name) || values[name] !== undefined);
    })
    .map((line) => line.replaceAll(/\{\{([^{}]*?)\??\}\}/g, (_, name: string) => valueOf(name, values)))
    .join('\n');
}

function check(name: string, value: unknown): void {
  if (value === undefined) return;
  if (!isVariable(name))
    throw new BadTemplate(`There is no variable '${name}'. Those are: ${Object.keys(variables).join(', ')}.`);
  if (typeof value !== 'string' || !variables[name].test(value))
    throw new BadTemplate(
      `${name}: ${JSON.stringify(value)} is not allowed; it has to match ${variables[name]}.`,
    );
}

function valueOf(name: string, values: Values): string {
  const value = isVariable(name) ? values[name] : undefined;
  if (value !== undefined) return value;
  throw new BadTemplate(
    isVariable(name)
      ? `The template needs '${name}', which has no value here.`
      : `The template names '${name}', which is no variable. Those are: ${Object.keys(variables).join(', ')}.`,
  );
}

export interface Template {
  /** `#SBATCH` lines. */
  readonly head: readonly string[];
  /** What is run, under a shell. */
  readonly body: readonly string[];
}

/** Takes a template apart, and refuses what Slurm would take without a word and do otherwise. */
export function readTemplate(text: string): Template {
  if (text.includes('\r'))
    throw new BadTemplate('The template has DOS line breaks. Save it with plain ones.');
  const [first = '', ...lines] = text.split('\n');
  if (first !== '#!/bin/bash')
    throw new BadTemplate("The template has to begin with the line '#!/bin/bash'.");
  const found = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('#'));
  const at = found === -1 ? lines.length : found;
  const [head, body] = [lines.slice(0, at), lines.slice(at)];
  const late = body.find((line) => /^\s*#SBATCH\b/.test(line));
  if (late !== undefined)
    throw new BadTemplate(`'${late}' stands behind a command: Slurm does not read it there. Move it up.`);
  const own = head.find((line) =>
    /^#SBATCH\s+(-[JDod]\b|--(job-name|chdir|output|dependency|export|array))/.test(line),
  );
  if (own !== undefined) throw new BadTemplate(`'${own}' is the centre's own to say. Leave it out.`);
  if (!body.some((line) => line.includes('{{program}}')))
    throw new BadTemplate("The template does not run '{{program}}', the training program.");
  return { head, body };
}
