import { availableParallelism } from 'node:os';
import { SnpError } from '@snp/onnx';
import { commandTarget, KNOWN_COMMANDS } from './command/commandTarget.js';
import { onnxRuntimeTarget } from './onnxruntime/onnxRuntimeTarget.js';
import type { Target } from './target/target.js';
import { webTarget } from './web/webTarget.js';

const PROVIDERS = ['cuda', 'tensorrt', 'webgpu', 'coreml', 'dml', 'qnn'] as const;

/** The targets that this machine may have; `probe` tells which are there. */
export function localTargets(): Target[] {
  const counts = [...new Set([1, 2, availableParallelism()])].filter((count) => count <= availableParallelism());
  return [
    onnxRuntimeTarget(),
    ...counts.map((threads) => onnxRuntimeTarget({ threads })),
    ...PROVIDERS.map((provider) => onnxRuntimeTarget({ provider })),
    webTarget({ threads: 1 }),
    webTarget({ threads: availableParallelism() }),
    webTarget({ provider: 'webgpu' }),
    ...KNOWN_COMMANDS.map(commandTarget),
  ];
}

/**
 * A target by its name: `cpu` (onnxruntime with its defaults), `cpu-2` (with two threads), `cuda`, `web-wasm-1`, `web-webgpu`.
 *
 * @throws SnpError `invalid-argument` for an unknown name, with the names there are.
 */
export function targetByName(name: string): Target {
  const cpu = /^cpu-(\d+)$/.exec(name);
  if (cpu && Number(cpu[1]) > 0) return onnxRuntimeTarget({ threads: Number(cpu[1]) });
  const wasm = /^web-wasm-(\d+)$/.exec(name);
  if (wasm && Number(wasm[1]) > 0) return webTarget({ threads: Number(wasm[1]) });
  const known = localTargets();
  const found = known.find((target) => target.name === name);
  if (found) return found;
  throw new SnpError(
    'invalid-argument',
    `There is no target '${name}'. Targets are ${known.map((target) => target.name).join(', ')}, cpu-N with N threads, and http://HOST:PORT of an agent.`,
  );
}
