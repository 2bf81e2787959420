#!/usr/bin/env node
// The `penstock` command: finds the command's file and runs it, compiled if this is an installed package, else from source.
import { existsSync } from 'node:fs';

const commands = {
  gateway: ['gateway/commands', 'runs the gateway of a site'],
  central: ['sync/central/commands', 'runs the central node of a fleet'],
  demo: ['deploy/demo', 'runs the demo plant, a gateway and a central node'],
  simulate: ['deploy/simulate/main', 'runs the demo plant alone: OPC UA, Modbus TCP and MQTT'],
  train: ['forecasting/job/main', 'runs one training job, as the executors do'],
  migrate: ['gateway/commands', "brings a gateway's database up to date"],
  user: ['gateway/user-command', 'adds a user, sets a password, makes an API token'],
  enrol: ['gateway/commands', 'enrols this site at a central node'],
  import: ['gateway/commands', 'reads a plant model from plant.yaml'],
  backup: ['gateway/backup-commands', 'makes a backup of a gateway or a central node'],
  restore: ['gateway/backup-commands', 'restores a backup'],
  doctor: ['gateway/doctor-command', 'looks for what is wrong with this machine and the configuration'],
  export: ['gateway/commands', 'writes the plant model as plant.yaml'],
};

const [name = '--help', ...words] = process.argv.slice(2);
if (name === '--help' || name === '-h' || name === 'help') {
  const lines = Object.entries(commands).map(
    ([command, [, summary]]) => `  ${command.padEnd(10)} ${summary}`,
  );
  console.log(`penstock COMMAND [options]\n\n${lines.join('\n')}\n\npenstock COMMAND --help says more.`);
  process.exit(0);
}
if (!Object.hasOwn(commands, name)) {
  console.error(`penstock: there is no command '${name}'. 'penstock --help' lists them.`);
  process.exit(64);
}

const [file] = commands[name];
const compiled = new URL(`../dist/${file}.js`, import.meta.url);
const source = new URL(`../${file}.ts`, import.meta.url);
const packaged = !existsSync(source);
if (!packaged) (await import('tsx/esm/api')).register();
// A training reads its own words and has run when it is imported, as where an executor starts it.
process.argv.splice(2, 1);
const module = await import((packaged ? compiled : source).href);
if (name === 'train') process.exit();
const { runCommand } = await import(
  new URL(packaged ? '../dist/platform/cli.js' : '../platform/cli.ts', import.meta.url).href
);
const code = await runCommand(module[name] ?? module[`${name}Command`], words);
// What failed does not stay half alive, whatever it still waits for.
if (code === 0) process.exitCode = 0;
else process.exit(code);
