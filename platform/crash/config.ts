/** Where a fault test has this process kill itself: `NAME`, or `NAME:3` for the third time it comes there. */
export const crashAt: string | undefined = process.env['PENSTOCK_TEST_CRASH_AT'];
