import { expect, test } from 'vitest';
import { tagsByAddress } from '../../../gateway/plant/addresses.ts';
import type { Plant } from '../../../gateway/store/plant.ts';
import type { Source } from '../../../gateway/plant/tag.ts';

function finder(protocol: string, addresses: Record<string, unknown>) {
  const source = { id: 1, protocol } as Source;
  const tags = Object.entries(addresses).map(([name, address]) => ({ name, address, source: 1 }));
  return tagsByAddress(source, { tags: [...tags, { name: 'of another', source: 2 }] } as unknown as Plant);
}

test('a register belongs to each tag that reads it, however that is written', () => {
  const tagsAt = finder('modbus', {
    wide: { register: 10, type: 'float32' },
    manual: { reference: 40012, type: 'int16' },
    other: { unit: 2, register: 10, type: 'int16' },
    alive: { health: 'link' },
  });
  const register = (number: number) =>
    tagsAt({ unit: 1, table: 'holding', register: number, type: 'uint16' });
  expect([9, 10, 11, 12].map(register)).toEqual([[], ['wide'], ['wide', 'manual'], []]);
  expect(tagsAt({ unit: 1, table: 'input', register: 10, type: 'uint16' })).toEqual([]);
});

test('a node belongs to its tag, whatever the order of the keys and with or without defaults', () => {
  const tagsAt = finder('opcua', { level: { discard: 'oldest', node: 'ns=1;s=Level' } });
  expect(tagsAt({ node: 'ns=1;s=Level' })).toEqual(['level']);
  expect(tagsAt({ node: 'ns=1;s=Other' })).toEqual([]);
});
