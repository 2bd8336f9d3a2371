/** Addresses that are remembered: those that were heard of last. */
const MOST = 1000;

/** Requests that came from an address without a token that is one. */
export interface Stranger {
  address: string;
  requests: number;
  last: string;
}

/** Counts requests that nobody is known for: they are too many, and too easily made, to be listed one by one. */
export class Strangers {
  readonly #counts = new Map<string, { requests: number; last: number }>();

  count(address: string): void {
    const requests = (this.#counts.get(address)?.requests ?? 0) + 1;
    // The latest stand last.
    this.#counts.delete(address);
    this.#counts.set(address, { requests, last: Date.now() });
    if (this.#counts.size > MOST) this.#counts.delete(this.#counts.keys().next().value!);
  }

  /** The latest first. */
  list(): Stranger[] {
    return [...this.#counts]
      .reverse()
      .map(([address, { requests, last }]) => ({ address, requests, last: new Date(last).toISOString() }));
  }
}
