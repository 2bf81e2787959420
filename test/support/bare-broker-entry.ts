// The library alone: `bare-broker-entry.ts <port>` is an aedes without anything around it.
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const broker = await Aedes.createBroker();
createServer((socket) => void broker.handle(socket)).listen(Number(process.argv[2]), '127.0.0.1');
