import { expect, test, vi } from 'vitest';
import { tcpPlc } from '../../support/modbus-plc.ts';
import { aRegister, runModbus, untilFinished } from '../../support/modbus-run.ts';

const asking = (value: number) => {
  const state = { silent: false, asked: 0 };
  const plc = {
    holding: new Map([[0, value]]),
    on: () => {
      state.asked++;
      return state.silent ? ('nothing' as const) : undefined;
    },
  };
  return { state, device: untilFinished(tcpPlc(plc)) };
};

test('the backup is read while the first is away, the first again when it answers, and never both', async () => {
  const [one, two] = [asking(1), asking(2)];
  const [first, second] = [await one.device, await two.device];
  const running = runModbus(first.port, [aRegister(1, { register: 0 })], {
    backup: { host: '127.0.0.1', port: second.port },
    timeoutMs: 80,
  });
  await vi.waitFor(() => expect(running.of(1).at(-1)?.value).toBe(1));
  expect(two.state.asked).toBe(0);

  one.state.silent = true;
  expect(await running.ended).toMatchObject({ name: 'Silence' });
  const again = running.again();
  await vi.waitFor(() => expect(again.of(1).at(-1)?.value).toBe(2));

  // The first takes connections and hangs: that is not being back.
  const before = one.state.asked;
  await vi.waitFor(() => expect(one.state.asked).toBeGreaterThan(before), 10_000);
  expect(again.of(1).at(-1)?.value).toBe(2);
  expect(one.state.asked - before).toBe(1);

  one.state.silent = false;
  await vi.waitFor(() => expect(again.of(1).at(-1)?.value).toBe(1), 15_000);
  const left = two.state.asked;
  const more = again.of(1).length;
  await vi.waitFor(() => expect(again.of(1).length).toBeGreaterThan(more + 3));
  expect(two.state.asked).toBe(left);
});

test('where the first refuses the connection, the backup is used in the same run; where both do, both are named', async () => {
  const [one, two] = [asking(1), asking(2)];
  const [first, second] = [await one.device, await two.device];
  await first.close();
  const backup = { host: '127.0.0.1', port: second.port };
  const running = runModbus(first.port, [aRegister(1, { register: 0 })], { backup });
  await vi.waitFor(() => expect(running.of(1).at(-1)?.value).toBe(2));
  await second.close();
  await running.ended;
  const message = String(await running.again().ended);
  expect([first.port, second.port].every((port) => message.includes(`127.0.0.1:${port}`))).toBe(true);
});
