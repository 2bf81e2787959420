import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const daemons = ['gateway', 'central'] as const;

/** A unit file as a map from `Section.Key` to its values in order. */
function unit(path: string): Map<string, string[]> {
  const settings = new Map<string, string[]>();
  let section = '';
  for (const line of readFileSync(new URL(`../../systemd/${path}`, import.meta.url), 'utf8').split('\n')) {
    const [, header] = /^\[(\w+)\]$/.exec(line) ?? [];
    section = header ?? section;
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    const name = `${section}.${key}`;
    settings.set(name, [...(settings.get(name) ?? []), value]);
  }
  return settings;
}

test.each(daemons)(
  'the %s unit is watched, restarted for ever, but not when its configuration is wrong',
  (daemon) => {
    const settings = unit(`penstock-${daemon}.service`);
    expect(Object.fromEntries(settings)).toMatchObject({
      'Unit.StartLimitIntervalSec': ['0'],
      'Service.Type': ['notify'],
      'Service.NotifyAccess': ['all'],
      'Service.WatchdogSec': ['30'],
      'Service.Restart': ['always'],
      'Service.RestartPreventExitStatus': ['78'],
      'Service.ExecStart': [`/usr/bin/penstock ${daemon} --config /etc/penstock/${daemon}.yaml`],
      'Service.StateDirectory': [`penstock/${daemon}`],
      'Install.WantedBy': ['multi-user.target'],
    });
  },
);

test.each(daemons)(
  'the %s unit gives its daemon no privilege, no home and no other place to write',
  (daemon) => {
    expect(Object.fromEntries(unit(`penstock-${daemon}.service`))).toMatchObject({
      'Service.User': ['penstock'],
      'Service.UMask': ['0077'],
      'Service.NoNewPrivileges': ['yes'],
      'Service.CapabilityBoundingSet': [''],
      'Service.ProtectSystem': ['strict'],
      'Service.ProtectHome': ['yes'],
      'Service.PrivateDevices': ['yes'],
      'Service.SystemCallErrorNumber': ['EPERM'],
    });
  },
);

test.each(daemons)('the %s unit leaves out the two settings that Node does not survive', (daemon) => {
  const settings = unit(`penstock-${daemon}.service`);
  expect(settings.has('Service.MemoryDenyWriteExecute')).toBe(false);
  expect(settings.has('Service.ProcSubset')).toBe(false);
});

test('the serial drop-in opens serial lines and nothing else', () => {
  const settings = unit('penstock-gateway.service.d/serial.conf');
  expect(settings.get('Service.DeviceAllow')).toEqual(['char-ttyS rw', 'char-ttyUSB rw', 'char-ttyACM rw']);
  expect([...settings.keys()].sort()).toEqual([
    'Service.DeviceAllow',
    'Service.PrivateDevices',
    'Service.PrivateUsers',
    'Service.SupplementaryGroups',
  ]);
});

test.each(daemons)('the %s unit and the example configuration mean the same folder', (daemon) => {
  const example = readFileSync(new URL(`../../deploy/examples/${daemon}.yaml`, import.meta.url), 'utf8');
  expect(example).toContain(
    `data: /var/lib/${unit(`penstock-${daemon}.service`).get('Service.StateDirectory')![0]!}\n`,
  );
});
