// Processes that are started again whenever they end, as an operating system's services are.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

/** A process that is kept running; `ends` counts the ends that nobody asked for. */
export class Service {
  ends = 0;
  #wanted = true;

  constructor(start) {
    this.start = start;
    this.#run();
  }

  #run() {
    this.child = this.start();
    this.child.once('exit', async (_, signal) => {
      if (!this.#wanted) return;
      if (signal !== 'SIGKILL') this.ends++;
      await setTimeout(200);
      if (this.#wanted) this.#run();
    });
  }

  async stop() {
    this.#wanted = false;
    const { child } = this;
    if ((child.exitCode ?? child.signalCode) !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
}
