import type { Progress, Step } from '@snp/core';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';

const WORDS: Record<Step, string> = {
  read: 'reading',
  analyze: 'analysing',
  calibrate: 'calibrating',
  solve: 'solving',
  gradients: 'estimating',
  probe: 'probing',
  profile: 'timing',
  measure: 'measuring',
  plan: 'planning',
  try: 'trying',
  score: 'scoring',
  recover: 'recovering',
  apply: 'pruning',
  reconstruct: 'reconstructing',
  match: 'matching',
  tune: 'tuning',
  compare: 'comparing',
  verify: 'verifying',
  write: 'writing',
};

/** Work shorter than this shows nothing. */
const QUIET_MS = 1000;

/** Shows how far long work is, with the time left, on stderr; silent where stderr is no terminal and for quick work. */
export class ProgressBar {
  #bars: MultiBar | undefined;
  #bar: SingleBar | undefined;
  #label = '';
  #started = performance.now();

  constructor(private readonly shown = process.stderr.isTTY === true) {}

  /** For `prune`: a bar for each step. */
  readonly onProgress = ({ step, done, total }: Progress): void => this.update(WORDS[step], done, total);

  update(label: string, done: number, total: number | undefined): void {
    if (!this.shown) return;
    if (label !== this.#label) {
      this.#label = label;
      this.#started = performance.now();
      this.#bar?.stop();
      this.#bar = undefined;
    }
    if (total === undefined || total <= 1 || performance.now() - this.#started < QUIET_MS) return;
    this.#bars ??= new MultiBar(
      {
        format: '{label} [{bar}] {value}/{total}  {eta_formatted} left',
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
      },
      Presets.shades_classic,
    );
    this.#bar ??= this.#bars.create(total, done, { label: label.padEnd(11) });
    this.#bar.update(done);
  }

  /** Prints a line that stays, above the bar. */
  note(line: string): void {
    if (this.#bar) this.#bars?.log(`${line}\n`);
    else process.stderr.write(`${line}\n`);
  }

  stop(): void {
    this.#bars?.stop();
  }
}

/** Runs work with a progress bar that is taken away afterwards, also when it fails. */
export async function withProgress<T>(work: (bar: ProgressBar) => Promise<T>): Promise<T> {
  const bar = new ProgressBar();
  try {
    return await work(bar);
  } finally {
    bar.stop();
  }
}
