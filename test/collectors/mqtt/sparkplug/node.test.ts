import { describe, expect, test } from 'vitest';
import { aHost, bdSeq, byAlias, double, payload } from '../../../support/sparkplug-host.ts';

test('a birth tells all values, and data then comes by alias', () => {
  const host = aHost();
  expect(host.birth()).toEqual(['bdSeq=0', 'flow=1']);
  expect(host.send('NDATA', payload(1, byAlias(1, 2)))).toEqual(['flow=2']);
});

describe('births are asked for', () => {
  test('when data comes of a node that was never born; what describes itself is used', () => {
    const host = aHost();
    expect(host.send('NDATA', payload(5, byAlias(1, 2), double('flow', 3)))).toEqual(['flow=3', 'rebirth']);
  });

  test('when an alias or a metric is not known', () => {
    const host = aHost();
    host.birth();
    expect(host.send('NDATA', payload(1, byAlias(9, 2)))).toEqual(['rebirth']);
    host.wait(60_000);
    expect(host.send('NDATA', payload(2, double('new', 2)))).toEqual(['new=2', 'rebirth']);
  });

  test('when a device tells data or is born before its node, or tells data before its birth', () => {
    const host = aHost();
    expect(host.device('DBIRTH', 'pump', payload(7, double('speed', 1)))).toEqual([
      'pump:speed=1',
      'rebirth',
    ]);
    host.birth();
    host.wait(60_000);
    expect(host.device('DDATA', 'pump', payload(1, byAlias(3, 1)))).toEqual(['rebirth']);
  });

  test('seldom, ever more seldom, and not again once born', () => {
    const host = aHost();
    const asked: number[] = [];
    for (let second = 0; second < 600; second++) {
      if (host.send('NDATA', payload(undefined, byAlias(9, 2))).includes('rebirth')) asked.push(second);
      host.wait(1000);
    }
    expect(asked.length).toBeLessThan(11);
    expect(asked.slice(0, 3)).toEqual([0, 1, 3]);
    host.birth();
    host.wait(1_000_000);
    expect(host.tick()).toEqual([]);
  });

  test('later, when it was too soon to ask again', () => {
    const host = aHost();
    host.send('NDATA', payload(undefined, byAlias(9, 2)));
    host.wait(500);
    expect(host.send('NDATA', payload(undefined, byAlias(9, 2)))).toEqual([]);
    expect(host.tick()).toEqual([]);
    host.wait(10_000);
    expect(host.tick()).toEqual(['rebirth']);
  });
});

describe('missing messages', () => {
  test('a message that overtook another waits for it', () => {
    const host = aHost();
    host.birth();
    expect(host.send('NDATA', payload(2, byAlias(1, 3)))).toEqual([]);
    expect(host.send('NDATA', payload(1, byAlias(1, 2)))).toEqual(['flow=2', 'flow=3']);
  });

  test('after the wait births are asked for, and what came is used', () => {
    const host = aHost();
    host.birth();
    host.send('NDATA', payload(2, byAlias(1, 3)));
    host.wait(999);
    expect(host.tick()).toEqual([]);
    host.wait(1);
    expect(host.tick()).toEqual(['fault', 'flow=3', 'rebirth']);
  });

  test('a node that ignores the request goes on being read', () => {
    const host = aHost();
    host.birth();
    host.send('NDATA', payload(9, byAlias(1, 3)));
    host.wait(1000);
    host.tick();
    expect(host.send('NDATA', payload(10, byAlias(1, 4)))).toEqual(['flow=4']);
  });

  test('without patience they are missed at once', () => {
    const host = aHost(0);
    host.birth();
    expect(host.send('NDATA', payload(2, byAlias(1, 3)))).toEqual(['fault', 'flow=3', 'rebirth']);
  });

  test('a death in between is in order too', () => {
    const host = aHost();
    host.birth();
    host.device('DBIRTH', 'pump', payload(1, double('speed', 1)));
    expect(host.device('DDEATH', 'pump', payload(3))).toEqual([]);
    expect(host.device('DDATA', 'pump', payload(2, double('speed', 2)))).toEqual([
      'pump:speed=2',
      'death pump',
    ]);
  });
});

describe('deaths', () => {
  const born = () => {
    const host = aHost();
    host.birth(0, 3);
    host.device('DBIRTH', 'pump', payload(1, double('speed', 1, { alias: 2 })));
    return host;
  };

  test('of a node are those of its devices too', () =>
    expect(born().send('NDEATH', payload(undefined, bdSeq(3)))).toEqual(['death node', 'death pump']));

  test('of an earlier session count for nothing', () => {
    const host = born();
    expect(host.send('NDEATH', payload(undefined, bdSeq(2)))).toEqual([]);
    expect(host.send('NDATA', payload(2, byAlias(1, 5)))).toEqual(['flow=5']);
  });

  test('are told once', () => {
    const host = born();
    host.send('NDEATH', payload(undefined, bdSeq(3)));
    expect(host.send('NDEATH', payload(undefined, bdSeq(3)))).toEqual([]);
  });

  test('void the aliases: the next session may give them to others', () => {
    const host = born();
    host.send('NDEATH', payload(undefined, bdSeq(3)));
    expect(host.send('NDATA', payload(0, byAlias(1, 99)))).toEqual(['rebirth']);
  });

  test('are followed by values of the past only, until the next birth', () => {
    const host = born();
    host.send('NDEATH', payload(undefined, bdSeq(3)));
    expect(host.send('NDATA', payload(0, double('flow', 7)))).toEqual(['flow=7 late', 'rebirth']);
    expect(host.birth(0, 4)).toEqual(['bdSeq=4', 'flow=1']);
  });

  test('of a device leave the node and the others alive', () => {
    const host = born();
    host.device('DBIRTH', 'fan', payload(2, double('speed', 4)));
    expect(host.device('DDEATH', 'pump', payload(3))).toEqual(['death pump']);
    expect(host.device('DDATA', 'fan', payload(4, double('speed', 5)))).toEqual(['fan:speed=5']);
    expect(host.device('DDATA', 'pump', payload(5, byAlias(2, 5)))).toEqual(['rebirth']);
  });

  test('are implied by the birth of another session', () =>
    expect(born().birth(0, 4)).toEqual(['death pump', 'bdSeq=4', 'flow=1']));

  test('are implied by a birth of the same session only where a device does not follow', () => {
    const host = born();
    host.device('DBIRTH', 'fan', payload(2, double('speed', 4)));
    expect(host.birth(0, 3)).toEqual(['bdSeq=3', 'flow=1']);
    host.device('DBIRTH', 'pump', payload(1, double('speed', 2)));
    host.wait(5_000);
    expect(host.tick()).toEqual(['death fan']);
  });
});

test('a birth forgets the metrics and aliases of the one before', () => {
  const host = aHost();
  host.birth();
  host.send('NBIRTH', payload(0, bdSeq(0), double('level', 1, { alias: 1 })));
  expect(host.send('NDATA', payload(1, byAlias(1, 2)))).toEqual(['level=2']);
});

test('a node that names ever new devices and metrics is followed as far as memory allows', () => {
  const host = aHost();
  host.birth();
  const events = Array.from({ length: 2_100 }, (_, i) =>
    host.device('DBIRTH', `device-${i}`, payload((i + 1) % 256, double('speed', i))),
  );
  expect(events.filter(([first]) => first === 'fault')).toHaveLength(100);
  expect(host.device('DDATA', 'device-1', payload(2_101 % 256, double('speed', 7)))).toEqual([
    'device-1:speed=7',
  ]);
});
