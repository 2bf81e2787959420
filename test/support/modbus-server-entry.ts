import { createServer } from 'node:net';

// A Modbus TCP device for benchmarks, in a process of its own: it answers FC3 as fast as it can. Says its port.
const HEADER = 6;

function reply(request: Buffer): Buffer {
  const [start, count] = [request.readUInt16BE(8), request.readUInt16BE(10)];
  const answer = Buffer.alloc(9 + 2 * count);
  request.copy(answer, 0, 0, 8);
  answer.writeUInt16BE(3 + 2 * count, 4);
  answer[8] = 2 * count;
  for (let i = 0; i < count; i++) answer.writeUInt16BE((start + i) & 0xffff, 9 + 2 * i);
  return answer;
}

const server = createServer((socket) => {
  socket.setNoDelay().on('error', () => undefined);
  socket.on('data', (request) => {
    if (request.length >= HEADER) socket.write(reply(request));
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});
