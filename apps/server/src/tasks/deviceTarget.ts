import type { BenchJob, Target } from '@snp/bench';
import { protocolOf } from '@snp/bench';
import { SnpError } from '@snp/onnx';
import type { TaskContext } from './task.js';

/** A target of a device that is measured through the server: a task knows no addresses and no tokens. */
export function deviceTarget(name: string, context: TaskContext): Target {
  return {
    name,
    description: name,
    probe: () => Promise.resolve({ available: true, runtime: name, version: '' }),
    open: () => Promise.reject(new SnpError('unsupported', `'${name}' measures by itself.`)),
    measure: ({ models, protocol, signal }: BenchJob) => {
      signal?.throwIfAborted();
      return context.measure({
        models: models.map((model) => ({ ...model })),
        protocol: protocolOf(protocol ?? 'default'),
      });
    },
  };
}
