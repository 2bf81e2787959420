/** Marks a setting that nobody may read over a shoulder: forms know it by this, and keep it apart. */
export const SECRET = { writeOnly: true } as const;
