import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AGENT_DEFAULTS, joinServer, startAgent } from '@snp/bench';
import { SnpError } from '@snp/core';
import { privateFolder } from '@snp/onnx/node';
import { Command } from 'commander';
import { size, wholeNumber } from '../options/numbers.js';
import { bytes } from '../output/format.js';
import { untilStopped } from '../untilStopped.js';

interface AgentCommandOptions {
  host: string;
  port: number;
  data: string;
  tokenFile?: string;
  quota: number;
  server?: string;
  token?: string;
  name?: string;
}

/** `snp agent`: lets others measure models on this machine. */
export function agentCommand(): Command {
  return new Command('agent')
    .description('let others measure models on this machine, with a token')
    .option('--host <ADDRESS>', 'address to listen on; 0.0.0.0 for all', AGENT_DEFAULTS.host)
    .option('--port <N>', 'port to listen on; 0 for any that is free', wholeNumber(0), AGENT_DEFAULTS.port)
    .option('--data <DIR>', 'where models and jobs are kept', join(homedir(), '.snp-agent'))
    .option(
      '--token-file <FILE>',
      'file that holds the token (default: the environment variable SNP_AGENT_TOKEN, or a token that is made up and kept in --data)',
    )
    .option('--server <URL>', 'take jobs of a server instead of listening; the token is one with the role device')
    .option('--token <TOKEN>', 'with --server: the token; others on this machine may see it, unlike a --token-file')
    .option('--name <NAME>', 'with --server: how people know this device (default: the name of the machine)')
    .option('--quota <BYTES>', 'most bytes of models: 10G, 500M', size, AGENT_DEFAULTS.quotaBytes)
    .action(run);
}

async function run(options: AgentCommandOptions): Promise<void> {
  if (options.server !== undefined) return joinAt(options.server, options);
  const { token, from } = await tokenOf(options);
  const agent = await startAgent({ ...options, token, quotaBytes: options.quota });
  process.stdout.write(
    `${agent.url} measures for whoever has the token in ${from}; up to ${bytes(options.quota)} in ${options.data}\n`,
  );
  await untilStopped(() => agent.close());
}

/** Takes jobs of a server. */
async function joinAt(server: string, options: AgentCommandOptions): Promise<void> {
  const { token: given, tokenFile, data, name, quota } = options;
  const token = given ?? (tokenFile === undefined ? process.env.SNP_AGENT_TOKEN : (await tokenOf(options)).token);
  if (!token)
    throw new SnpError('invalid-argument', 'The server wants a token: give --token-file, --token or SNP_AGENT_TOKEN.');
  const onEvent = (text: string) => process.stdout.write(`${new Date().toISOString()} ${text}\n`);
  const agent = await joinServer({ server, token, data, name, quotaBytes: quota, onEvent });
  await untilStopped(() => agent.close());
}

async function tokenOf({ tokenFile, data }: AgentCommandOptions): Promise<{ token: string; from: string }> {
  if (tokenFile !== undefined) {
    const text = await readFile(tokenFile, 'utf8').catch((cause) => {
      throw new SnpError('io', `${tokenFile} cannot be read: ${cause.message}.`, { file: tokenFile }, { cause });
    });
    return { token: text.trim(), from: tokenFile };
  }
  const given = process.env.SNP_AGENT_TOKEN;
  if (given) return { token: given, from: 'SNP_AGENT_TOKEN' };
  await privateFolder(data);
  const path = join(data, 'token');
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept) return { token: kept.trim(), from: path };
  const token = randomBytes(24).toString('base64url');
  try {
    // Nobody else may read it, not even for a moment.
    await writeFile(path, `${token}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new SnpError('io', `${data} cannot be used: ${(cause as Error).message}.`, { file: data }, { cause });
  }
  return { token, from: path };
}
