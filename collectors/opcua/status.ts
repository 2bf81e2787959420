import type { StatusCode } from 'node-opcua-client';

/** BadNotWritable: The access level does not allow writing to the Node. */
export const inWords = ({ name, description }: StatusCode): string =>
  description === '' || description === name ? name : `${name}: ${description.replace(/\.?$/, '')}`;
