import { SnpError } from '@snp/onnx';
import { protocolOf } from '../protocol/protocol.js';
import type { BenchJob, BenchProgress, Target } from '../target/target.js';
import { AgentClient, type AgentClientOptions } from './agentClient.js';

/** Options of `remoteTarget`. */
export interface RemoteTargetOptions extends AgentClientOptions {
  /** One of the agent's targets. Default `cpu`. */
  target?: string | undefined;
}

/**
 * A target on another device, where an agent runs (`snp agent`): models go there, the measuring happens there, the result comes back.
 *
 * @example
 * const target = remoteTarget({ url: 'http://pi.local:7070', token: process.env.SNP_AGENT_TOKEN ?? '' });
 * console.log(await target.probe());
 */
export function remoteTarget({ target = 'cpu', ...options }: RemoteTargetOptions): Target {
  const client = new AgentClient(options);
  const name = target === 'cpu' ? options.url : `${options.url}#${target}`;
  return {
    name,
    description: `${target} of ${options.url}`,
    async probe({ signal } = {}) {
      try {
        const { targets } = await client.info(signal);
        const own = targets.find((candidate) => candidate.name === target);
        if (!own)
          return {
            available: false,
            reason: `It has no target '${target}', but ${targets.map((one) => one.name).join(', ')}.`,
          };
        if (!own.available) return { available: false, reason: own.reason ?? 'It is not there.' };
        return { available: true, runtime: own.runtime ?? target, version: own.version ?? '', detail: own.detail };
      } catch (error) {
        if (!(error instanceof SnpError) || error.code === 'aborted') throw error;
        return { available: false, reason: error.message };
      }
    },
    open: () => Promise.reject(new SnpError('unsupported', `'${name}' measures by itself.`)),
    measure: (job) => measureThere(client, target, name, job),
  };
}

async function measureThere(client: AgentClient, target: string, name: string, job: BenchJob) {
  const { models, signal, onProgress } = job;
  const uploaded = [];
  for (const [at, model] of models.entries()) {
    onProgress?.({ step: 'load', done: at, total: models.length });
    uploaded.push(await client.upload(model, signal));
  }
  const { id } = await client.submit(
    { models: uploaded, target, protocol: protocolOf(job.protocol ?? 'default') },
    undefined,
    signal,
  );
  try {
    const report = (progress: { step: string; done: number; total?: number | undefined } | undefined) =>
      progress && onProgress?.({ ...progress, step: progress.step as BenchProgress['step'], total: progress.total });
    const end = await client.wait(id, ({ progress }) => report(progress), signal);
    if (end.result) return { ...end.result, target: { ...end.result.target, name } };
    throw new SnpError('runtime', `${name}: ${end.error ?? `the job is ${end.state}`}`);
  } finally {
    // Stopped or collected, nobody asks for it any more.
    await client.remove(id).catch(() => undefined);
  }
}
