// `@snp/core/algebra`: the dense algebra behind compensation, for those who write a method of their own or look at a group's spectrum (docs/compensation.md).
export { Algebra } from '../algebra/algebra.js';
export { type Covariance, covarianceOf } from '../algebra/covariance.js';
export { type Elimination, eliminate } from '../algebra/eliminate.js';
export { eliminateParts } from '../algebra/eliminateParts.js';
export { RIDGE } from '../algebra/ridge.js';
export { type PairSpectrum, pairSpectrum } from '../compensation/pairSpectrum.js';
export { queryMixture } from '../compensation/queryMixture.js';
export { type Refit, type RefitOptions, refitKept, refitMixed } from '../compensation/refit.js';
export { type ValueSpectrum, valueSpectrum } from '../compensation/valueSpectrum.js';
export type { PairMoments, SecondMoments } from '../statistics/moments.js';
