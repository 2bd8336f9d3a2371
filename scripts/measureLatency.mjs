// Median latency of several models, measured in turns so that whatever else the machine does hits all of them alike.
import ort from 'onnxruntime-node';

/** Milliseconds per run at batch 1, one median for each path. */
export async function measureLatency(paths, input, { rounds, warmUp = 5 }) {
  const dims = input.dims.map((dim) => (typeof dim === 'number' ? dim : 1));
  const size = dims.reduce((product, dim) => product * dim, 1);
  const feeds = {
    [input.name]: new ort.Tensor(
      'float32',
      Float32Array.from({ length: size }, (_, at) => Math.sin(at)),
      dims,
    ),
  };
  const sessions = await Promise.all(paths.map((path) => ort.InferenceSession.create(path)));
  const times = paths.map(() => []);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [at, session] of sessions.entries()) {
      const start = performance.now();
      await session.run(feeds);
      if (round >= warmUp) times[at].push(performance.now() - start);
    }
  }
  await Promise.all(sessions.map((session) => session.release()));
  return times.map((list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]);
}
