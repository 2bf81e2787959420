/**
 * The cleaned value as it is computed with. Sums of values beyond 1e150 would overflow, and products of those below
 * 1e-150 underflow, which the database refuses for ever: the first count as not cleaned, the second as nought.
 */
export const USABLE = `case when abs(cleaned) < 1e-150 then 0 when abs(cleaned) < 1e150 then cleaned end`;
