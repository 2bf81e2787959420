/** Where things are below a cluster's base folder. */
export const folders = (base: string) => ({
  programs: `${base}/programs`,
  program: (hash: string) => `${base}/programs/${hash}.mjs`,
  attempt: (key: string) => `${base}/attempts/${key}`,
  result: (key: string) => `${base}/attempts/${key}/result`,
});
