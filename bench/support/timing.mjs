// Times commands and functions in turns, so that whatever else the machine does hits all of them alike.
import { spawn } from 'node:child_process';

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The number that a share of all are not above. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))];
}

/** Runs each of `works` once per round, in turns; the milliseconds of each. */
export async function inTurns(works, rounds, onRound = () => {}) {
  const times = works.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // Each round begins with another, so that none always follows the same; and none follows itself, with warm caches.
    for (let turn = 0; turn < works.length; turn++) {
      const at = works.length > 2 ? (round + turn) % works.length : turn;
      const start = performance.now();
      await works[at]();
      times[at].push(performance.now() - start);
    }
    onRound(round, times);
  }
  return times;
}

/** Runs `node ARGS...` to its end; what it printed on stdout. */
export function node(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(String(Buffer.concat(chunks)))
        : reject(new Error(`node ${args.join(' ')} ended with ${code}`)),
    );
  });
}
