export { tensorInputs as inputsOf } from '@snp/runtime';
