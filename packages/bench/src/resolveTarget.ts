import { SnpError } from '@snp/onnx';
import { remoteTarget } from './agent/remoteTarget.js';
import { readCommandTarget } from './command/commandTarget.js';
import { targetByName } from './localTargets.js';
import type { Target } from './target/target.js';

/** Options of `resolveTarget`. */
export interface ResolveTargetOptions {
  /** Token of agents. Default: the environment variable SNP_AGENT_TOKEN. */
  token?: string | undefined;
}

/**
 * A target as people write it: a name (`cpu`, `cpu-1`, `web-wasm-2`), the address of an agent with one of its targets or without
 * (`http://pi.local:7070#cpu-4`), or a JSON file that describes a command.
 *
 * @throws SnpError `invalid-argument` or `io`.
 */
export async function resolveTarget(text: string, options: ResolveTargetOptions = {}): Promise<Target> {
  if (/^https?:\/\//.test(text)) {
    const [url, target] = text.split('#');
    const token = options.token ?? process.env.SNP_AGENT_TOKEN;
    if (!token)
      throw new SnpError(
        'invalid-argument',
        `${url} needs a token: put the agent's into the environment variable SNP_AGENT_TOKEN.`,
      );
    return remoteTarget({ url, token, ...(target && { target }) });
  }
  return text.endsWith('.json') ? readCommandTarget(text) : targetByName(text);
}
