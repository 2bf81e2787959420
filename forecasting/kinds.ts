/** The kinds of model there are. Each has its file in models/; the first one is what the others must beat. */
export const kinds = ['seasonal-naive', 'mstl', 'nlinear'] as const;
export type Kind = (typeof kinds)[number];

/** Kinds that learn in a moment, so that a site can train them itself. The others learn in a training job. */
export type LightKind = Exclude<Kind, 'nlinear'>;
