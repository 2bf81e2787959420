import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { identity } from '../../../collectors/opcua/identity.ts';

test('what was meant as a key and is none is not repeated: it may be a secret', async () => {
  const pair = { userCertificate: '-----BEGIN CERTIFICATE-----', userKey: 'hunter2' };
  const failed = await identity(OpcuaConfig.parse({ endpoint: 'opc.tcp://plc:4840', ...pair })).catch(
    inspect,
  );
  expect(failed).toContain('userKey cannot be read (ENOENT)');
  expect(failed).not.toContain('hunter2');
});
