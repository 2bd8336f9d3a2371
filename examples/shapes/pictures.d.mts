/** Side length of a picture in pixels. */
export const SIZE: number;
/** The classes; a picture's label is the position of its class. */
export const CLASSES: readonly string[];
/** Seeds that keep the sets of pictures apart. */
export const SEEDS: { train: number; calibration: number; test: number };
/** Draws picture number `index` of the set `seed`: `pixels` holds rows of RGB bytes. */
export function drawPicture(seed: number, index: number): { pixels: Uint8Array; label: number };
/** Writes `count` pictures as PNG files into class folders. */
export function writePictures(folder: string, options: { count: number; seed: number }): Promise<void>;
