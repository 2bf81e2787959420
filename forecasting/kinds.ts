/** The kinds of model there are. Each has its file in models/; the first one is what the others must beat. */
export const kinds = ['seasonal-naive', 'mstl'] as const;
export type Kind = (typeof kinds)[number];
