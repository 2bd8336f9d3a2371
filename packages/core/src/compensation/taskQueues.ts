/** Work on items in queues side by side. After a failure nothing new begins, and it is thrown when all that began has ended. */
export class TaskQueues<T> {
  #failed = false;

  constructor(private readonly work: (item: T) => Promise<void>) {}

  /** One item after the other. Answers that other queues wait for come in between. */
  async inTurn(items: readonly T[]): Promise<void> {
    for (const item of items) {
      await new Promise((resolve) => setTimeout(resolve));
      if (this.#failed) return;
      try {
        await this.work(item);
      } catch (error) {
        this.#failed = true;
        throw error;
      }
    }
  }

  /** Waits for queues side by side. */
  async all(queues: readonly Promise<void>[]): Promise<void> {
    for (const outcome of await Promise.allSettled(queues)) if (outcome.status === 'rejected') throw outcome.reason;
  }
}
