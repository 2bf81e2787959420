import { Role } from '../api/session.ts';

/** Each role may do what the ones before it may. */
export const allows = (role: Role, needed: Role): boolean =>
  Role.options.indexOf(role) >= Role.options.indexOf(needed);
