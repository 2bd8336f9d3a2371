export {
  openSafetensors,
  type SafetensorsFile,
  type SafetensorsTensor,
  saveSafetensors,
} from './arrayFiles/safetensorsFile.js';
export { type ArraysOptions, arrays } from './calibration/arrays.js';
export { type ImagesOptions, images } from './calibration/images.js';
export { type OpenCalibrationOptions, openCalibration } from './calibration/openCalibration.js';
export { type Preprocess, type PreprocessName, resolvePreprocess } from './calibration/preprocess.js';
export { type EncoderFiles, encoderBeside } from './calibration/texts/encoded.js';
export { type TextsOptions, texts } from './calibration/texts/texts.js';
export { tokenizerBeside } from './calibration/texts/tokenizerFile.js';
export { type UsedTokensOptions, usedTokens } from './calibration/texts/usedTokens.js';
export * from './portable.js';
export { onnxRuntime } from './session/onnxRuntime.js';
export { type ThreadPool, threadPool } from './threads/threadPool.js';
