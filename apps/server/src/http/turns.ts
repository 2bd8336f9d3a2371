import { Failure } from '../failure.js';

/** Requests of one token that are answered at once; its others wait. */
const AT_ONCE = 2;

/** Requests of one token that wait at most: who floods is told so. */
const MOST_WAITING = 32;

/** Milliseconds after which a request gives its turn to the next one: it waits for something else, as uploads and questions for work do. */
const LONGEST = 250;

/** What one token asks for. */
interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/** Lets tokens take turns: a token that asks for much waits for itself, and keeps others waiting no longer than two of its requests take. */
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
    let holds = true;
    const pass = () => {
      if (holds) this.#pass(token, line);
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
  #pass(token: string, line: Line): void {
    const next = line.waiting.shift();
    if (next) return next();
    line.running--;
    if (line.running === 0) this.#lines.delete(token);
  }
}
