import { t } from '../locale.ts';
import { hindrance, type Role } from '../session.ts';

/** Why a command may not be given now, as a sentence; null when it may. */
export function hindered(role: Role): string | null {
  const why = hindrance(role);
  if (why === null) return null;
  return why === 'no link' ? t('command.noLink') : t('command.role', { role: t(`role.${role}`) });
}
