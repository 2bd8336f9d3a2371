/** The release of this package, as plans and reports name it. */
export const VERSION = '0.1.0';
