export { type GradientModel, type GradientModelOptions, gradientModel } from './gradientModel.js';
export { defineGradient, operatorsWithGradient } from './rules/index.js';
export type { GradientCall, GradientRule } from './rules/rule.js';
export { standardForm } from './standard/standardForm.js';
export { GraphWriter } from './write/graphWriter.js';
