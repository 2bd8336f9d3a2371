/** Ridge beside the mean variance of what stays: it keeps what few samples cannot tell from being made up. */
export const RIDGE = 1e-3;

/**
 * The same for choosing neurons where nothing else hangs on it: what seems to replace others best on the calibration data is less likely to be chance. On DeiT-Tiny, a quarter
 * of all hidden neurons gone, it takes the divergence from 0.18 to 0.15. The error curve that comes with it is not that of the refit, so plans do without.
 */
export const CHOOSING_RIDGE = 0.1;
