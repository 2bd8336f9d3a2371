import { Failure } from '../failure.js';

/** Requests of one token that are answered at once; its others wait. */
const AT_ONCE = 2;

/** Requests of one token that wait at most: who floods is told so. */
const MOST_WAITING = 32;

/** Requests that a page or a script has waiting at most: who has more is slowed down. */
const USUAL = 4;

/** How many times as long as its last request took such a token pauses, and milliseconds that this is at least and at most: the rest of the time belongs to others. */
const PAUSE = 3;
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [10, 300];

/** Milliseconds after which a request gives its turn to the next one: it waits for something else, as uploads and questions for work do. */
const LONGEST = 250;

/** What one token asks for. */
interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/** Lets tokens take turns: a token that asks for much waits for itself, and keeps others waiting no longer than two of its requests take. One that floods gets a quarter of the time. */
export class Turns {
  readonly #lines = new Map<string, Line>();

  /** @throws Failure `too-many-requests` where as many wait already as may. */
  async take<T>(token: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(token) ?? { running: 0, waiting: [] };
    this.#lines.set(token, line);
    if (line.running < AT_ONCE) line.running++;
    else if (line.waiting.length >= MOST_WAITING)
      throw new Failure('too-many-requests', 'Too many requests at once. Wait for answers before you ask more.');
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    const start = performance.now();
    let holds = true;
    const pass = () => {
      if (holds) this.#pass(token, line, performance.now() - start);
      holds = false;
    };
    const timer = setTimeout(pass, LONGEST);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      pass();
    }
  }

  /** The next one of the same token takes the place over. */
  #pass(token: string, line: Line, took: number): void {
    const next = line.waiting.shift();
    if (next && line.waiting.length < USUAL) return next();
    if (next) return void setTimeout(next, Math.min(Math.max(PAUSE * took, SHORTEST_PAUSE), LONGEST_PAUSE));
    line.running--;
    if (line.running === 0) this.#lines.delete(token);
  }
}
