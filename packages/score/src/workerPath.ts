/** The built file that scores pairs in a thread of its own; found alike from the sources and from the built package. */
export const pairScoresWorker = () => new URL('../dist/pairScoresWorker.js', import.meta.url);
