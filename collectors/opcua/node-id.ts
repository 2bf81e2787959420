import { z } from 'zod';

/** `nsu=URI;s=…` survives a server that renumbers its namespaces; `ns=2;i=…` does not. */
export const NodeIdText = z
  .string()
  .regex(
    /^(nsu=[^;]+;|ns=\d{1,5};)?(i=\d{1,10}|s=.+|g=[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|b=[A-Za-z0-9+/]+=*)$/s,
    'must look like nsu=http://vendor/;s=Pump.Speed or ns=2;i=1042',
  );
