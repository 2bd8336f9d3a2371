/** Waits for Ctrl-C or a signal to end, and ends in order: other commands end at once. */
export async function untilStopped(close: () => Promise<void>): Promise<never> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.removeAllListeners(signal);
      process.once(signal, () => resolve());
    }
  });
  await close();
  // Probed browsers and runtimes may leave handles behind.
  process.exit(0);
}
