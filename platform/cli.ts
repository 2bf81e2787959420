import { parseArgs } from 'node:util';

/** One flag of a command: what parseArgs needs, and what `--help` says. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly default?: string | boolean;
  readonly help: string;
}
export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** One `penstock` command. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the name, for the usage line: `FILE`, `add NAME`. */
  readonly operands?: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Settles when the command is done. A `UsageError` prints the usage and exits 64, a `Refusal` its own code. */
  run(values: Values, operands: readonly string[]): Promise<void>;
}

/** The words on the command line are wrong. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The command cannot go on, for a reason a person can mend; the message says how. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly exitCode: number;
  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** EX_CONFIG of sysexits.h: the units do not restart a daemon whose configuration is wrong. */
export const EXIT_CONFIG = 78;
const EXIT_USAGE = 64;

export function usage(command: Command): string {
  const flags = Object.entries(command.options).map(([name, { type, help, short }]) => {
    const left = `${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ' VALUE' : ''}`;
    return `  ${left.padEnd(28)} ${help}`;
  });
  const operands = command.operands === undefined ? '' : ` ${command.operands}`;
  return [
    `penstock ${command.name}${operands} [options]`,
    '',
    command.summary,
    '',
    ...flags,
    `  ${'-h, --help'.padEnd(28)} this text`,
    '',
  ].join('\n');
}

/** The value of a flag that must be given. */
export function required(values: Values, name: string): string {
  const value = values[name];
  if (typeof value !== 'string' || value === '') throw new UsageError(`--${name} is missing.`);
  return value;
}

/** Runs one command with the words that follow its name. Returns the exit code. */
export async function runCommand(command: Command, words: readonly string[]): Promise<number> {
  try {
    const parsed = parseArgs({
      args: [...words],
      options: { ...command.options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: command.operands !== undefined,
    });
    const { help, ...values } = parsed.values;
    if (help === true) {
      process.stdout.write(usage(command));
      return 0;
    }
    await command.run(values, parsed.positionals);
    return 0;
  } catch (err) {
    return explain(command, err);
  }
}

function explain(command: Command, err: unknown): number {
  if (err instanceof Refusal) {
    process.stderr.write(`penstock ${command.name}: ${err.message}\n`);
    return err.exitCode;
  }
  const code = (err as { code?: unknown }).code;
  if (err instanceof UsageError || (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS'))) {
    process.stderr.write(`penstock ${command.name}: ${(err as Error).message}\n\n${usage(command)}`);
    return EXIT_USAGE;
  }
  throw err;
}
