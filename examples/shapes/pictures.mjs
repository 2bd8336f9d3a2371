// Draws labelled pictures from a seed: ten classes, a shape each, with random place, size, turn, colours, texture, clutter
// and noise. Only whole-number arithmetic decides what is drawn, so that every machine draws the same bits.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Side length of a picture in pixels. */
export const SIZE = 32;

/** The classes; a picture's label is the position of its class. */
export const CLASSES = ['bar', 'bow', 'circle', 'cross', 'diamond', 'heart', 'hexagon', 'moon', 'ring', 'star'];

/** Seeds that keep the sets of pictures apart. */
export const SEEDS = { train: 1, calibration: 2, test: 3 };

/** A generator of whole numbers (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    /** A whole number from `low` to `high`, both included. */
    between: (low, high) => low + (next() % (high - low + 1)),
  };
}

// Sines of the 64 directions in 1/1024, the first quarter written out.
const QUARTER = [0, 100, 200, 297, 392, 483, 569, 650, 724, 792, 851, 903, 946, 980, 1004, 1019, 1024];
function sine(direction) {
  const at = ((direction % 64) + 64) % 64;
  if (at <= 16) return QUARTER[at];
  if (at <= 32) return QUARTER[32 - at];
  return at <= 48 ? -QUARTER[at - 32] : -QUARTER[64 - at];
}
const cosine = (direction) => sine(direction + 16);

/** Whether a point, in 1/1024 of the shape's radius, lies inside the shape. */
const INSIDE = {
  bar: (x, y) => Math.abs(x) < 1000 && Math.abs(y) < 300,
  bow: (x, y) => Math.abs(x) < 950 && Math.abs(y) * 10 < Math.abs(x) * 8 + 500,
  circle: (x, y) => x * x + y * y < 850 * 850,
  cross: (x, y) => (Math.abs(x) < 260 && Math.abs(y) < 960) || (Math.abs(y) < 260 && Math.abs(x) < 960),
  diamond: (x, y) => Math.abs(x) * 3 + Math.abs(y) * 2 < 2000,
  heart: (x, y) => {
    const side = Math.abs(x);
    const lobe = (side - 450) * (side - 450) + (y + 300) * (y + 300) < 480 * 480;
    return lobe || (y > -250 && y + side < 880);
  },
  hexagon: (x, y) => Math.abs(y) < 780 && Math.abs(x) * 7 + Math.abs(y) * 4 < 6300,
  moon: (x, y) => x * x + y * y < 920 * 920 && (x - 420) * (x - 420) + y * y > 760 * 760,
  ring: (x, y) => x * x + y * y < 920 * 920 && x * x + y * y > 540 * 540,
  star: (x, y) => {
    // Two triangles, one upside down.
    const side = Math.abs(x) * 17;
    return (y < 500 && side < (y + 1000) * 10) || (y > -500 && side < (1000 - y) * 10);
  },
};

/** Pixels are sampled this finely in each direction. */
const FINE = 3;

/**
 * Draws picture number `index` of the set `seed`: `pixels` holds rows of RGB bytes, `label` the class.
 */
export function drawPicture(seed, index) {
  const random = generator(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const label = index % CLASSES.length;
  const pixels = new Uint8Array(SIZE * SIZE * 3);
  paintGround(pixels, random);
  // Clutter in front of and behind the shape: small pieces of other shapes.
  for (let piece = random.between(1, 3); piece > 0; piece--) paintClutter(pixels, random);
  const ground = averageOf(pixels);
  paintShape(pixels, {
    inside: INSIDE[CLASSES[label]],
    x: random.between(12, SIZE - 12) * 1024,
    y: random.between(12, SIZE - 12) * 1024,
    radius: random.between(7, 12) * 1024,
    turn: random.between(-7, 7),
    colour: contrasting(ground, random),
    stripes: random.between(0, 3) === 0 ? random.between(2, 4) : 0,
  });
  if (random.between(0, 1) === 1) paintClutter(pixels, random);
  addNoise(pixels, random);
  return { pixels, label };
}

function paintGround(pixels, random) {
  const from = [0, 1, 2].map(() => random.between(20, 235));
  const to = from.map((part) => Math.min(255, Math.max(0, part + random.between(-60, 60))));
  const across = random.between(0, 1) === 1;
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const share = across ? x : y;
      for (let c = 0; c < 3; c++)
        pixels[(y * SIZE + x) * 3 + c] = from[c] + Math.trunc(((to[c] - from[c]) * share) / (SIZE - 1));
    }
  }
}

function paintClutter(pixels, random) {
  paintShape(pixels, {
    inside: INSIDE[CLASSES[random.between(0, CLASSES.length - 1)]],
    x: random.between(0, SIZE - 1) * 1024,
    y: random.between(0, SIZE - 1) * 1024,
    radius: random.between(2, 4) * 1024,
    turn: random.between(0, 63),
    colour: [0, 1, 2].map(() => random.between(0, 255)),
    stripes: 0,
  });
}

function paintShape(pixels, { inside, x: centreX, y: centreY, radius, turn, colour, stripes }) {
  const [sin, cos] = [sine(turn), cosine(turn)];
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      let covered = 0;
      for (let fine = 0; fine < FINE * FINE; fine++) {
        const dx = x * 1024 + Math.trunc(((2 * (fine % FINE) + 1) * 512) / FINE) - centreX;
        const dy = y * 1024 + Math.trunc(((2 * Math.trunc(fine / FINE) + 1) * 512) / FINE) - centreY;
        const px = Math.trunc((dx * cos + dy * sin) / radius);
        const py = Math.trunc((dy * cos - dx * sin) / radius);
        if (inside(px, py) && !(stripes > 0 && Math.trunc((py + 4096) / 200) % stripes === 0)) covered++;
      }
      const at = (y * SIZE + x) * 3;
      for (let c = 0; c < 3; c++) {
        pixels[at + c] += Math.trunc(((colour[c] - pixels[at + c]) * covered) / (FINE * FINE));
      }
    }
  }
}

function averageOf(pixels) {
  const sums = [0, 0, 0];
  for (let at = 0; at < pixels.length; at++) sums[at % 3] += pixels[at];
  return sums.map((sum) => Math.trunc(sum / (SIZE * SIZE)));
}

/** A colour that differs from the ground, but not always by much. */
function contrasting(ground, random) {
  for (;;) {
    const colour = [0, 1, 2].map(() => random.between(0, 255));
    const distance = colour.reduce((sum, part, c) => sum + Math.abs(part - ground[c]), 0);
    if (distance > 110) return colour;
  }
}

function addNoise(pixels, random) {
  const strength = random.between(4, 28);
  for (let at = 0; at < pixels.length; at++) {
    // The sum of two uniform numbers: most noise is small.
    const noise = random.between(-strength, strength) + random.between(-strength, strength);
    pixels[at] = Math.min(255, Math.max(0, pixels[at] + noise));
  }
}

/** Writes `count` pictures as PNG files into class folders, as `snp` and torchvision read them. */
export async function writePictures(folder, { count, seed }) {
  const { default: sharp } = await import('sharp');
  await Promise.all(CLASSES.map((name) => mkdir(join(folder, name), { recursive: true })));
  for (let index = 0; index < count; index++) {
    const { pixels, label } = drawPicture(seed, index);
    const picture = sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } });
    await picture.png().toFile(join(folder, CLASSES[label], `${String(index).padStart(5, '0')}.png`));
  }
}

/** `node pictures.mjs raw COUNT SEED FILE` writes labels (COUNT bytes) and then pixels, for the training script. */
async function writeRaw(count, seed, file) {
  const labels = new Uint8Array(count);
  const pixels = new Uint8Array(count * SIZE * SIZE * 3);
  for (let index = 0; index < count; index++) {
    const picture = drawPicture(seed, index);
    labels[index] = picture.label;
    pixels.set(picture.pixels, index * SIZE * SIZE * 3);
  }
  await writeFile(file, Buffer.concat([labels, pixels]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, count, seed, target] = process.argv.slice(2);
  if (kind === 'raw') await writeRaw(Number(count), Number(seed), target);
  else if (kind === 'png') await writePictures(target, { count: Number(count), seed: Number(seed) });
  else {
    process.stderr.write('usage: node pictures.mjs raw|png COUNT SEED TARGET\n');
    process.exitCode = 1;
  }
}
